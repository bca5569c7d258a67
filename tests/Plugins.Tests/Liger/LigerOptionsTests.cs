using System.Reflection;
using Neoteny.Configuration;
using Neoteny.Plugins.Liger;

namespace Neoteny.Plugins.Tests.Liger;

public sealed class LigerOptionsTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Token_scaling_needs_the_fused_loss(bool otherLoss) => Assert.Equal(
        ["TokenScaling needs liger_fused_linear_cross_entropy: true. Set it, or remove this key."],
        Problems(new LigerOptions { TokenScaling = true, CrossEntropy = otherLoss }));

    [Fact]
    public void Anything_else_goes_together()
    {
        Assert.Empty(Problems(new LigerOptions()));
        Assert.Empty(Problems(new LigerOptions { Rope = true, RmsNorm = true, LayerNorm = true, GluActivation = true, CrossEntropy = true }));
        Assert.Empty(Problems(new LigerOptions { FusedLinearCrossEntropy = true, TokenScaling = true }));
    }

    [Fact]
    public void Each_extension_has_the_key_of_its_name()
    {
        var keys = typeof(LigerOptions).GetProperties().Select(p => p.GetCustomAttribute<KeyAttribute>()!).ToList();
        var extensions = typeof(LigerOptions).Assembly.GetTypes().SelectMany(t => t.GetCustomAttributes<ProvidesAttribute>()).Select(p => p.Name).Order().ToList();
        Assert.Equal(6, extensions.Count);
        Assert.Equal(extensions, keys.SelectMany(k => k.Activates).Order());
        Assert.All(keys.Where(k => k.Activates.Length > 0), k => Assert.Equal([k.Name], k.Activates));
        Assert.Equal(["liger_swiglu"], keys.SelectMany(k => k.Aliases));
    }

    private static List<string> Problems(LigerOptions options)
    {
        var problems = new Collected();
        options.Validate(problems);
        return problems.Texts;
    }

    private sealed class Collected : IProblems
    {
        public List<string> Texts { get; } = [];

        public void Add(string property, string message) => Texts.Add($"{property} {message}");
    }
}
