using System.Text.Json.Nodes;
using Neoteny.Host.Commands;
using Neoteny.Host.Doctor;
using Neoteny.Runtime.Cuda;

namespace Neoteny.Host.Tests.Doctor;

public sealed class DoctorTests
{
    [Fact]
    public async Task It_finds_this_machine_healthy_and_skips_what_it_lacks()
    {
        var (code, text) = await Run("doctor");
        Assert.Equal(0, code);
        Assert.Contains("  ok       operator on the CPU\n", text);
        Assert.Contains("  ok       TorchScript on the CPU\n", text);
        Assert.Contains($"  {(CudaDriver.IsUsable ? "ok     " : "skipped")}  NVRTC kernel", text);
        Assert.EndsWith("Everything that this machine can do works.\n", text);
    }

    [Fact]
    public async Task Json_says_the_same()
    {
        var (code, text) = await Run("doctor", "--json");
        var json = JsonNode.Parse(text)!;
        Assert.Equal(0, code);
        Assert.True(json["healthy"]!.GetValue<bool>());
        Assert.Matches(@"^2\.1[01]", json["findings"]!["libtorch"]!["version"]!.GetValue<string>());
        Assert.EndsWith("neoteny/kernels", json["findings"]!["CUDA"]!["kernel cache"]!.GetValue<string>());
        Assert.Contains(json["checks"]!.AsArray(), c => c!["name"]!.GetValue<string>() == "operator on the CPU" && c["state"]!.GetValue<string>() == "ok");
    }

    [Fact]
    public void A_failed_check_makes_the_report_unhealthy()
    {
        var report = new DoctorReport(
            [new("machine", "memory", "1.0 GiB"), new("CUDA", "driver", "none")],
            [new("operator on the CPU", CheckState.Ok, ""), new("NVRTC kernel", CheckState.Failed, "it computes a wrong result")]);
        var text = new StringWriter { NewLine = "\n" };
        report.WriteText(text);
        Assert.False(report.IsHealthy);
        Assert.Equal("""
            machine
              memory  1.0 GiB
            CUDA
              driver  none
            checks
              ok       operator on the CPU
              failed   NVRTC kernel: it computes a wrong result
            Something does not work: see the failed checks above.

            """.ReplaceLineEndings("\n"), text.ToString());
    }

    private static async Task<(int Code, string Output)> Run(params string[] arguments)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter());
        var code = await CommandLine.RunAsync(arguments, output, error);
        Assert.Empty(error.ToString());
        return (code, output.ToString());
    }
}
