using System.CommandLine;
using Neoteny.Host.Configuration;
using Neoteny.Host.Doctor;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny doctor</c>.</summary>
internal static class DoctorCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var json = new Option<bool>("--json") { Description = "Write one JSON object instead of text." };
        var command = new Command("doctor", "Shows what this machine has (libtorch, driver, devices, plugins) and runs one tiny kernel of each kind. Exit code 1 if one fails.") { json };
        command.SetAction(result =>
        {
            var setup = HostSetup.Create(result.GetValue(globals.PluginFolders)!);
            IReadOnlyList<CheckResult> checks = [.. KernelChecks.Run(), .. PluginFacts.Checks(setup)];
            var report = new DoctorReport([.. MachineFacts.Collect(), .. CudaFacts.OfTorch(), .. CudaFacts.OfDevices(), .. PluginFacts.Collect(setup)], checks);
            if (result.GetValue(json))
                report.WriteJson(result.InvocationConfiguration.Output);
            else
                report.WriteText(result.InvocationConfiguration.Output);
            return report.IsHealthy ? ExitCode.Success : ExitCode.Failure;
        });
        return command;
    }
}
