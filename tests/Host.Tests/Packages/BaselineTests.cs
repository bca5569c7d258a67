using System.Reflection;

namespace Neoteny.Host.Tests.Packages;

/// <summary>The contracts are compared with those of the baseline whenever they are packed.</summary>
public sealed class BaselineTests : IDisposable
{
    private static readonly string _root = typeof(BaselineTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;
    private readonly string folder = Directory.CreateTempSubdirectory("neoteny-baseline-").FullName;

    [Fact]
    public void Contracts_that_lack_a_member_of_the_baseline_do_not_pack_and_the_error_says_how_to_go_on()
    {
        var older = Path.Combine(_root, "tests/Plugins.Fixtures/Shared/OlderContracts/OlderContracts.csproj");

        var output = DotNetCommand.Fail(folder, "msbuild", older, "-t:Pack", "-p:Configuration=Release", "-p:NoBuild=true", "-p:IsPackable=true", "-p:PackageId=Neoteny.Abstractions",
            $"-p:PackageOutputPath={folder}/", $"-p:CustomAfterMicrosoftCommonTargets={_root}eng/ApiBaseline.targets");

        Assert.Contains("error CP0002: Member 'Neoteny.Attention.AttentionFeatures Neoteny.Attention.AttentionFeatures.Softcap' exists on [Baseline]", output);
        Assert.Contains("error : Neoteny.Abstractions breaks plugins that were built against its baseline", output);
        Assert.Contains("run eng/update-baseline.sh", output);
    }

    [Theory]
    [InlineData("Abstractions")]
    [InlineData("Runtime")]
    public void The_packages_of_the_contracts_are_compared(string name)
    {
        Assert.Contains("eng/ApiBaseline.targets", File.ReadAllText(Path.Combine(_root, $"src/{name}/{name}.csproj")));
        Assert.True(File.Exists(Path.Combine(_root, $"eng/baseline/Neoteny.{name}.nupkg")));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
