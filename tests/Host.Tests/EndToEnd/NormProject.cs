namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>A plugin of one project, with a private dependency.</summary>
internal static class NormProject
{
    /// <summary>The sound one.</summary>
    public static readonly string Id = "Acme.Norm";

    /// <summary>One that uses what can crash the process.</summary>
    public static readonly string HazardousId = "Acme.Hazard";

    /// <summary>Writes it.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="packageVersion">Of Neoteny's packages.</param>
    /// <param name="yamlVersion">Of its private dependency.</param>
    public static void Write(string folder, string packageVersion, string yamlVersion)
    {
        Directory.CreateDirectory(folder);
        var id = Path.GetFileName(folder);
        File.WriteAllText(Path.Combine(folder, $"{id}.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Version>1.3.0</Version>
                <Description>A norm of Acme's.</Description>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Neoteny.Abstractions" Version="{packageVersion}" />
                <PackageReference Include="Neoteny.Runtime" Version="{packageVersion}" />
                <PackageReference Include="YamlDotNet" Version="{yamlVersion}" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(folder, "README.md"), "# A norm");
        File.WriteAllText(Path.Combine(folder, "Norm.cs"), Source);
        if (id == HazardousId)
            File.WriteAllText(Path.Combine(folder, "Hazard.cs"), "public static class Hazard { public static TorchSharp.torch.Tensor Add(TorchSharp.torch.Tensor x) => x + x; }\n");
    }

    private const string Source = """
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
        """;
}
