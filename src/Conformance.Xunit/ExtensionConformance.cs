using System.Runtime.CompilerServices;
using Neoteny.Runtime.Native;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Neoteny.Conformance.Xunit;

/// <summary>The base of the conformance classes: one fact for each check of a suite.</summary>
/// <remarks>
/// <para>Inherit the class of an extension point once for each extension (and once more for each set of options that changes what it computes) and
/// implement <see cref="Create"/>. The class needs a parameterless constructor, for <see cref="EveryExtensionHasASuite"/>.</para>
/// <para>Leak checks count all tensors of the process, so tests must run one at a time: write
/// <c>[assembly: CollectionBehavior(DisableTestParallelization = true)]</c> in the test assembly.</para>
/// </remarks>
/// <typeparam name="TPoint">The extension point.</typeparam>
public abstract class ExtensionConformance<TPoint> : IExtensionConformance
    where TPoint : class
{
    /// <summary>The environment variable that moves all suites to another device, such as <c>cuda</c>.</summary>
    public static readonly string DeviceVariable = "NEOTENY_CONFORMANCE_DEVICE";

    static ExtensionConformance() => LibTorch.Load();

    /// <summary>What the suite runs on: the CPU, or the device that the environment variable <see cref="DeviceVariable"/> names.</summary>
    protected virtual ConformanceSettings Settings => new()
    {
        Device = Environment.GetEnvironmentVariable(DeviceVariable) is { Length: > 0 } name ? new Device(name) : CPU,
    };

    /// <summary>Makes an instance of the extension, as the host does.</summary>
    protected abstract TPoint Create();

    /// <summary>The suite of the extension point.</summary>
    protected abstract ConformanceSuite Suite { get; }

    ConformanceSuite IExtensionConformance.Suite => Suite;

    Type IExtensionConformance.ExtensionType => Create().GetType();

    /// <summary>Construction is cheap.</summary>
    [SkippableFact]
    public void Construction_is_cheap() => Check();

    /// <summary>Runs the check whose name, with spaces as underscores, is that of the fact.</summary>
    /// <param name="fact">The fact's name; filled in by the compiler.</param>
    protected void Check([CallerMemberName] string fact = "")
    {
        var check = Suite.Checks.First(c => FactName.Of(c.Name) == fact);
        var result = check.Run();
        Skip.If(result.Status == CheckStatus.Skipped, result.Reason);
        Assert.True(result.Status == CheckStatus.Passed, string.Join(Environment.NewLine, result.Failures));
    }
}
