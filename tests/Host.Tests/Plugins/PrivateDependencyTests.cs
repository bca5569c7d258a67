using Neoteny.Host.Plugins;

namespace Neoteny.Host.Tests.Plugins;

/// <summary>Plugins whose own assembly is in order, and a private dependency is not.</summary>
public sealed class PrivateDependencyTests : IDisposable
{
    private readonly TestHost host = new("Greeter/1.0.0");

    [Fact]
    public void A_dependency_that_lacks_its_own_makes_the_plugin_faulty()
    {
        host.Install("Indirect/1.0.0");

        Assert.Equal(
            (PluginStatus.Faulty, "its Indirection 1.0.0 needs the assembly Words 1.0.0, which is neither in its folder nor shared by the host"),
            Standing("Indirect/1.0.0"));
        File.Copy(TestHost.FixturePath("Greeter/1.0.0/Words.dll"), Path.Combine(host.PluginFolder, "Indirect/1.0.0/Words.dll"));
        Assert.Equal((PluginStatus.Available, null), Standing("Indirect/1.0.0"));
    }

    [Theory]
    [InlineData("NewerMembers", "this host lacks what its Neoteny.NewerMembers 1.0.0 uses: type Neoteny.Novelty, Neoteny.InputException.Answer : Int32, "
        + "Neoteny.InputException.Describe(Int32, System.Collections.Generic.IReadOnlyList`1<String>) : String and 1 more; install a version of the plugin that is built for this host")]
    [InlineData("NextMajor", "its Neoteny.NextMajor 1.0.0 is built for Neoteny.Abstractions 9.0 and this host has 0.1; install a version of the plugin that is built for 0.1")]
    public void A_dependency_for_another_host_makes_the_plugin_incompatible(string fixture, string reason)
    {
        ReplaceWords(TestHost.FixturePath($"{fixture}/1.0.0/Neoteny.{fixture}.dll"));

        Assert.Equal((PluginStatus.Incompatible, reason), Standing("Greeter/1.0.0"));
    }

    [Fact]
    public void A_dependency_that_uses_what_can_crash_the_process_is_named()
    {
        ReplaceWords(TestHost.FixturePath("Hazardous/1.0.0/Neoteny.Hazardous.dll"));

        Assert.Equal(
            [
                "TorchSharp.Scalar.op_Implicit in Neoteny.Hazardous (use a cached Scalar: Scalars.Of(value))",
                "TorchSharp.torch.Tensor.op_Addition in Neoteny.Hazardous (use add(x, Scalars.One))",
                "TorchSharp.torch.Tensor.square in Neoteny.Hazardous (use x.mul(x))",
            ],
            HazardCheck.Of(host.Find("Greeter/1.0.0").Manifest!));
    }

    [Fact]
    public void A_dependency_that_is_no_assembly_makes_the_plugin_faulty()
    {
        File.WriteAllText(Words, "this is not an assembly");

        Assert.Equal((PluginStatus.Faulty, "Words.dll: the file is not a .NET assembly"), Standing("Greeter/1.0.0"));
    }

    [Fact]
    public void What_lies_in_the_folder_and_nothing_refers_to_does_not_count()
    {
        File.Copy(TestHost.FixturePath("NextMajor/1.0.0/Neoteny.NextMajor.dll"), Path.Combine(host.PluginFolder, "Greeter/1.0.0/Neoteny.NextMajor.dll"));
        File.WriteAllText(Path.Combine(host.PluginFolder, "Greeter/1.0.0/native.dll"), "not managed");

        Assert.Equal((PluginStatus.Available, null), Standing("Greeter/1.0.0"));
    }

    public void Dispose() => host.Dispose();

    private string Words => Path.Combine(host.PluginFolder, "Greeter/1.0.0/Words.dll");

    private void ReplaceWords(string by) => File.Copy(by, Words, overwrite: true);

    private (PluginStatus Status, string? Reason) Standing(string plugin)
    {
        var found = host.Find(plugin);
        return (found.Status, found.Reason);
    }
}
