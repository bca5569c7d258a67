using Neoteny.Runtime.Native;

namespace Neoteny.Core.Tests.Native;

public class LibTorchVersionTests
{
    [Fact]
    public void A_PyTorch_installation_tells_its_version_and_CUDA()
    {
        using var folder = new TemporaryFolder();
        folder.Write("version.py", "from typing import Optional\n__all__ = ['__version__']\n__version__ = '2.11.0+cu130'\ndebug = False\ncuda: Optional[str] = '13.0'\ngit_version = 'abc'\n");
        Assert.Equal(("2.11.0+cu130", new Version(13, 0)), LibTorchVersion.Declared(folder.File("lib")));
        folder.Write("version.py", "__version__ = '2.10.0+cpu'\ncuda: Optional[str] = None\n");
        Assert.Equal(("2.10.0+cpu", null), LibTorchVersion.Declared(folder.File("lib")));
        File.Delete(folder.File("version.py"));
        Assert.Equal((null, null), LibTorchVersion.Declared(folder.File("lib")));
    }

    [Theory]
    [InlineData("2.10.0")]
    [InlineData("2.11.0+cu130")]
    [InlineData("2.11.1")]
    public void Known_versions_are_taken(string version) => LibTorchVersion.Require(version, "/lib");

    [Theory]
    [InlineData("2.9.1+cu128", "2.9.1+cu128")]
    [InlineData("2.12.0", "2.12.0")]
    [InlineData("2.1.0", "2.1.0")]
    [InlineData(null, "older than 2.9")]
    public void Other_versions_are_refused_instead_of_crashing(string? version, string shown)
        => Assert.Equal($"libtorch in /lib is {shown}; 2.10 and 2.11 are known to work, and any other would end the process sooner or later. Point NEOTENY_LIBTORCH at the torch/lib "
            + "folder of a PyTorch 2.11 (pip install torch==2.11.*), or unset it to use the one that Neoteny brings.",
            Assert.Throws<InputException>(() => LibTorchVersion.Require(version, "/lib")).Message);

    [Fact]
    public void The_loaded_library_tells_its_own_version()
    {
        LibTorch.Load();
        Assert.Matches(@"^2\.1[01]\.", LibTorch.Version!);
        Assert.NotNull(LibTorch.Origin);
        Assert.Equal(new Version(2, 11, 1), LibTorchVersion.Decode(0x020B_0100_0000_0000));
    }
}
