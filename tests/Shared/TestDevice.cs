using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Tests;

/// <summary>Where tests with a device of choice run: <c>NEOTENY_TEST_DEVICE</c>, <c>cpu</c> (default) or <c>cuda</c>.</summary>
internal static class TestDevice
{
    public static Device Current { get; } = Environment.GetEnvironmentVariable("NEOTENY_TEST_DEVICE") switch
    {
        null or "" or "cpu" => CPU,
        "cuda" => CUDA,
        var other => throw new InvalidOperationException($"NEOTENY_TEST_DEVICE is '{other}'; use cpu or cuda."),
    };

    public static bool IsCuda => Current.type == DeviceType.CUDA;
}
