using Neoteny.Runtime.Native;
using TorchSharp;

namespace Neoteny.Core.Tests.Native;

public class LibTorchTests
{
    [Fact]
    public void Load_OnThisMachine_RunsAnOperator()
    {
        LibTorch.Load();
        LibTorch.Load();
        using var scope = torch.NewDisposeScope();
        Assert.Equal(6f, torch.tensor(new[] { 1f, 2f, 3f }).sum().item<float>());
        Assert.True(Directory.Exists(LibTorch.Folder));
    }
}
