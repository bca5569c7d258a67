using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Neoteny.Conformance.Xunit;

/// <summary>The base of the conformance classes of extensions.</summary>
/// <remarks>
/// <para>Inherit the class of an extension point once for each extension (and once more for each set of options that changes what it computes) and
/// implement <see cref="Create"/>. The class needs a parameterless constructor, for <see cref="EveryExtensionHasASuite"/>.</para>
/// <para>Leak checks count all tensors of the process, so tests must run one at a time: write
/// <c>[assembly: CollectionBehavior(DisableTestParallelization = true)]</c> in the test assembly.</para>
/// </remarks>
/// <typeparam name="TPoint">The extension point.</typeparam>
public abstract class ExtensionConformance<TPoint> : ConformanceFacts, IExtensionConformance
    where TPoint : class
{
    /// <summary>The environment variable that moves all suites to another device, such as <c>cuda</c>.</summary>
    public static readonly string DeviceVariable = "NEOTENY_CONFORMANCE_DEVICE";

    /// <summary>What the suite runs on: the CPU, or the device that the environment variable <see cref="DeviceVariable"/> names.</summary>
    protected virtual ConformanceSettings Settings => new()
    {
        Device = Environment.GetEnvironmentVariable(DeviceVariable) is { Length: > 0 } name ? new Device(name) : CPU,
    };

    /// <summary>Makes an instance of the extension, as the host does.</summary>
    protected abstract TPoint Create();

    ConformanceSuite IExtensionConformance.Suite => Suite;

    Type IExtensionConformance.ExtensionType => Create().GetType();

    /// <summary>Construction is cheap.</summary>
    [SkippableFact]
    public void Construction_is_cheap() => Check();
}
