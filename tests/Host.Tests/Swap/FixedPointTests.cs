using Neoteny.Host.Plugins;
using Neoteny.Host.Swap;
using NuGet.Versioning;

namespace Neoteny.Host.Tests.Swap;

/// <summary>Which extensions keep a plugin in a live run, or out of it.</summary>
public sealed class FixedPointTests
{
    [Theory]
    [InlineData("Neoteny.Quantization.IQuantizer", "quantizer 'it'")]
    [InlineData("Neoteny.Offload.IOffload", "offload 'it'")]
    [InlineData("Neoteny.Parallelism.IParallelism", "parallelism 'it'")]
    public void What_takes_part_as_soon_as_it_is_loaded_stays_and_does_not_come_in(string point, string what)
    {
        var manifest = Manifest("Neoteny.Attention.IAttention", point);

        Assert.Equal(what, FixedPoints.Active(manifest, []));
        Assert.Equal(what, FixedPoints.Late(manifest));
    }

    [Fact]
    public void An_adapter_stays_while_it_is_in_use_and_may_come_in_unused()
    {
        var manifest = Manifest("Neoteny.Adapters.IAdapter");

        Assert.Equal("adapter 'it'", FixedPoints.Active(manifest, [("adapter", "it")]));
        Assert.Null(FixedPoints.Active(manifest, [("adapter", "other"), ("attention", "it")]));
        Assert.Null(FixedPoints.Late(manifest));
    }

    [Theory]
    [InlineData("Neoteny.Attention.IAttention")]
    [InlineData("Neoteny.Losses.ILoss")]
    [InlineData("Neoteny.Modules.IModuleOverride")]
    public void Attention_losses_and_modules_come_and_go(string point)
    {
        Assert.Null(FixedPoints.Active(Manifest(point), [("attention", "it"), ("loss", "it"), ("module", "it")]));
        Assert.Null(FixedPoints.Late(Manifest(point)));
    }

    [Fact]
    public void Every_extension_point_is_one_or_the_other()
    {
        string[] comeAndGo = ["attention", "loss", "module", "adapter"];

        Assert.All(ExtensionPoints.All, p => Assert.NotEqual(comeAndGo.Contains(ProvidedName.Label(p)), FixedPoints.Late(Manifest(p)) is not null));
    }

    private static PluginManifest Manifest(params string[] points) =>
        new("Some", NuGetVersion.Parse("1.0.0"), "") { Provides = [.. points.Select(p => new ProvidedName(p, "it", "Type", null))] };
}
