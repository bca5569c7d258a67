using Neoteny.Host.Composition;

namespace Neoteny.Host.Tests.Composition;

public sealed class PathSummaryTests
{
    [Theory]
    [InlineData("model.norm", "model.norm")]
    [InlineData("model.layers.0.mlp model.layers.1.mlp", "model.layers.{0,1}.mlp")]
    [InlineData("a.0.x a.1.x a.2.x a.3.x a.7.x a.9.x a.10.x", "a.{0..3,7,9,10}.x")]
    [InlineData("a.0.q a.0.v a.1.q a.1.v", "a.{0,1}.{q,v}")]
    [InlineData("a.0.q a.0.v a.1.q", "a.0.{q,v}, a.1.q")]
    [InlineData("a.0.e.0.up a.0.e.1.up a.0.e.2.up a.1.e.0.up a.1.e.1.up a.1.e.2.up", "a.{0,1}.e.{0..2}.up")]
    [InlineData("a.0.e.0.up a.1.e.1.up", "a.0.e.0.up, a.1.e.1.up")]
    [InlineData("model.embed a.0.x model.norm a.1.x", "model.{embed,norm}, a.{0,1}.x")]
    [InlineData("a.2.x a.0.x a.1.x", "a.{0..2}.x")]
    public void Paths_are_folded_without_losing_or_adding_any(string paths, string summary)
    {
        Assert.Equal(summary, PathSummary.Of(paths.Split(' ')));
    }

    [Fact]
    public void No_paths_are_an_empty_text() => Assert.Equal("", PathSummary.Of([]));
}
