using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>A plugin in a repository of its own, made from Neoteny's packages alone.</summary>
public sealed class ThirdPartyTests(Workspace workspace) : IClassFixture<Workspace>
{
    private static readonly string Root = Metadata("RepositoryRoot");

    [Fact]
    public void A_plugin_of_a_few_lines_builds_packs_installs_and_trains()
    {
        var project = Project("Acme.Norm", Version("YamlDotNet"));

        DotNetCommand.Run(project, "pack", "-c", "Release");

        // The build laid it out, with its private dependency and nothing that the host shares.
        var laidOut = Path.Combine(project, "bin/plugins/Acme.Norm/1.3.0");
        string[] files = ["Acme.Norm.deps.json", "Acme.Norm.dll", "Acme.Norm.pdb", "README.md", "YamlDotNet.dll"];
        Assert.Equal(files, Directory.GetFiles(laidOut).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        Assert.DoesNotContain("TorchSharp", File.ReadAllText(Path.Combine(laidOut, "Acme.Norm.deps.json")));
        var package = Path.Combine(project, "bin/Release/Acme.Norm.1.3.0.nupkg");
        using (var archive = ZipFile.OpenRead(package))
            Assert.Equal(files, archive.Entries.Where(e => e.FullName.StartsWith("plugin/", StringComparison.Ordinal)).Select(e => e.Name).Order(StringComparer.Ordinal));

        var plugins = Directory.CreateDirectory(workspace.At("installed")).FullName;
        var installed = NeotenyProgram.Run("plugins", "install", package, "--plugin-dir", plugins).Succeeded();
        Assert.StartsWith($"Installed Acme.Norm 1.3.0 in {plugins}/Acme.Norm/1.3.0\nIt provides module acme_norm.\n", installed.Output);

        NeotenyProgram.Run("train", workspace.Config("without", ("max_steps", "2"))).Succeeded();
        var trained = NeotenyProgram.Run("train", workspace.Config("with", ("max_steps", "2"), ("plugins", "[Acme.Norm@1.*]")), "--plugin-dir", plugins).Succeeded();
        var unpacked = NeotenyProgram.Run("plan", workspace.Config("unpacked", ("plugins", "[Acme.Norm]")), "--plugin-dir", Path.Combine(project, "bin/plugins")).Succeeded();

        Assert.Contains("override: acme_norm (Acme.Norm 1.3.0) at model.layers.{0,1}.{input_layernorm,post_attention_layernorm}, model.norm", trained.Error);
        Assert.Contains("override: acme_norm (Acme.Norm 1.3.0)", unpacked.Output);
        Assert.All(workspace.Losses("with").Zip(workspace.Losses("without")), pair => Assert.InRange(pair.First - pair.Second, -1e-4, 1e-4));
    }

    [Fact]
    public void A_member_of_TorchSharp_that_can_crash_is_a_compile_error_for_third_parties()
    {
        var project = Project("Acme.Hazard", Version("YamlDotNet"));
        File.AppendAllText(Path.Combine(project, "Norm.cs"), "\npublic static class Hazard { public static TorchSharp.torch.Tensor Add(TorchSharp.torch.Tensor x) => x + x; }\n");

        var output = DotNetCommand.Fail(project, "build", "-c", "Release");

        Assert.Contains("error RS0030", output);
        Assert.Contains("use add(x, Scalars.One)", output);
    }

    /// <summary>A project outside of this repository that restores from the packages of the build and the machine's package folder only.</summary>
    private string Project(string name, string yaml)
    {
        var folder = Directory.CreateDirectory(workspace.At(name)).FullName;
        File.WriteAllText(Path.Combine(folder, $"{name}.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Version>1.3.0</Version>
                <Description>A norm of Acme's.</Description>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Neoteny.Abstractions" Version="{Metadata("PackageVersion")}" />
                <PackageReference Include="Neoteny.Runtime" Version="{Metadata("PackageVersion")}" />
                <PackageReference Include="YamlDotNet" Version="{yaml}" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{workspace.At("packages")}" /></config>
              <fallbackPackageFolders><clear /><add key="machine" value="{Metadata("PackageFolder")}" /></fallbackPackageFolders>
              <packageSources><clear /><add key="build" value="{Path.Combine(AppContext.BaseDirectory, "packages")}" /></packageSources>
            </configuration>
            """);
        File.WriteAllText(Path.Combine(folder, "README.md"), "# A norm");
        File.WriteAllText(Path.Combine(folder, "Norm.cs"), """
            using Neoteny.Autograd;
            using Neoteny.Modules;
            using Neoteny.Parameters;
            using Neoteny.Plugins;
            using Neoteny.Runtime;

            namespace Acme;

            [Provides("acme_norm")]
            public sealed class AcmeNorm : IModuleOverride
            {
                public ModuleFeatures Supports => ModuleFeatures.None;

                public IEnumerable<string> Claim(IModuleTree model) => new YamlDotNet.Serialization.DeserializerBuilder().Build().Deserialize<bool>("yes")
                    ? model.Of<INorm>().Select(site => site.Path) : [];

                public IBlock Replace(ModuleSite site) => new Block((INorm)site.Original);

                private sealed class Block(INorm plain) : INorm
                {
                    private readonly Operator norm = new Differentiable("acme_norm", x =>
                        [x[0].mul(x[0].mul(x[0]).mean([-1L], keepdim: true).add(Scalars.Of(plain.Epsilon), Scalars.One).rsqrt()).mul(x[1])], plain.Weight);

                    public Parameter Weight => plain.Weight;

                    public double Epsilon => plain.Epsilon;

                    public Value Forward(Tape tape, Value x) => tape.Apply(norm, x);
                }
            }
            """);
        return folder;
    }

    private static string Version(string package) => XDocument.Load(Path.Combine(Root, "Directory.Packages.props")).Descendants("PackageVersion")
        .Single(p => p.Attribute("Include")!.Value == package).Attribute("Version")!.Value;

    private static string Metadata(string key) =>
        typeof(ThirdPartyTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
