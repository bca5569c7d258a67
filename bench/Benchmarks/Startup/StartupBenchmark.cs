using System.Diagnostics;
using Neoteny.Benchmarks.Harness;

namespace Neoteny.Benchmarks.Startup;

/// <summary>Wall time of short commands, and of loading plugins in a fresh process.</summary>
internal sealed class StartupBenchmark : IBenchmark
{
    private const int WarmUp = 2;

    public string Name => "startup";

    public int DefaultRepeat => 10;

    public Report Run(int repeat)
    {
        // Out of the host's own build: this program's folder has a copy of the host, but not its start-up settings.
        var program = Path.Combine(Repository.HostFolder, "neoteny");
        using var config = new ThreePluginConfig();
        config.DemandThreePlugins(Run(program, "config", "check", config.Path));
        Measurement[] commands = Rounds.Time(
            "command", WarmUp, repeat,
            ("plugins list", _ => Run(program, "plugins", "list")),
            ("config check, three plugins", _ => Run(program, "config", "check", config.Path)));
        var loads = Enumerable.Range(0, repeat).Select(_ => Child.Run(PluginLoading.Name, Path.Combine(Repository.HostFolder, "plugins"))[PluginLoading.Milliseconds]).ToList();
        return new Report
        {
            Title = "Cold start",
            Method = "Commands run as processes of their own, from start to exit. The configuration is examples/capitals-lora.yml, which loads Lora and Sdpa, with CrossEntropy named under plugins too. Plugins are loaded one after another by the host's own code in a fresh process, once their "
                + "manifests have been read.",
            Measurements =
            [
                commands[0] with { Target = "under 350" },
                commands[1] with { Target = "under 450" },
                new("loading a plugin", "the first", "ms", [.. loads.Select(l => l[0])], "under 100"),
                new("loading a plugin", "each further one", "ms", [.. loads.SelectMany(l => l[1..])], "under 10"),
            ],
        };
    }

    private static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Repository.Root };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new NeotenyException($"'neoteny {string.Join(' ', arguments)}' ended with exit code {process.ExitCode}: {output.Trim()}");
        }

        return output;
    }
}
