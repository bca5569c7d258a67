using Neoteny.Runtime.Native;

namespace Neoteny.Core.Tests.Native;

public class DeterminismTests
{
    [Fact]
    public void Set_SwitchesTheModeOfLibtorch()
    {
        Assert.False(Determinism.IsOn);
        Determinism.Set(true);
        try
        {
            Assert.True(Determinism.IsOn);
        }
        finally
        {
            Determinism.Set(false);
        }

        Assert.False(Determinism.IsOn);
    }
}
