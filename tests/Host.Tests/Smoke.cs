namespace Neoteny.Host.Tests;

public sealed class Smoke
{
    [Fact]
    public void X() => Assert.True(true);
}
