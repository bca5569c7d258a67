using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Neoteny.Benchmarks.Harness;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;
using Neoteny.Host.Runs;
using Neoteny.Host.Swap;
using Neoteny.Training.Loop;
using Spectre.Console;

namespace Neoteny.Benchmarks.Swap;

/// <summary>The example run in this process, with the plugins of the host's build and copies of them under newer versions.</summary>
internal sealed class ExampleRun : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("neoteny-bench-").FullName;

    /// <summary>The version of a plugin of the host's build.</summary>
    public string Shipped(string id) => Path.GetFileName(Directory.GetDirectories(Path.Combine(Repository.HostFolder, "plugins", id)).Single());

    /// <summary>Copies a plugin under a newer version of the same length; returns that version.</summary>
    public string AddNewer(string id)
    {
        var old = Shipped(id);
        var version = $"{old[..^1]}9";
        var target = Directory.CreateDirectory(Path.Combine(folder, "plugins", id, version)).FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(Repository.HostFolder, "plugins", id, old)))
        {
            var bytes = File.ReadAllBytes(file);
            if (Path.GetFileName(file) == $"Neoteny.{id}.dll")
            {
                for (int at; (at = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(old))) >= 0;)
                {
                    Encoding.UTF8.GetBytes(version).CopyTo(bytes, at);
                }
            }

            File.WriteAllBytes(Path.Combine(target, Path.GetFileName(file)), bytes);
        }

        return version;
    }

    /// <summary>Trains.</summary>
    /// <param name="act">Called after each step, on the training thread.</param>
    /// <param name="stop">Ends the run after the current step.</param>
    public void Train(Action<StepReport, HotSwap> act, CancellationToken stop)
    {
        string[] replaced = ["output_dir", "eval_exact_match", "generate_samples"];
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, "examples", "capitals-lora.yml")).Where(l => !replaced.Contains(l.Split(':')[0]));
        var config = Path.Combine(folder, "run.yml");
        File.WriteAllLines(config, [
            .. lines.Select(l => l.Replace("examples/", Path.Combine(Repository.Root, "examples") + "/", StringComparison.Ordinal)),
            "plugins: ['Sdpa@0.*', 'CrossEntropy@0.*']", $"output_dir: {Path.Combine(folder, "out")}", "device: cpu",
        ]);
        using var shared = SharedAssemblies.OfHost();
        using var run = RunContext.Open(
            RunFile.Load(config), new HostSetup(HostKeys.Read(), shared, [Path.Combine(folder, "plugins"), Path.Combine(Repository.HostFolder, "plugins")]), NullLoggerFactory.Instance);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) });
        new TrainRun(run, console, NullLogger.Instance) { Observer = swap => new Steps(report => act(report, swap)) }.Execute(stop);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private sealed class Steps(Action<StepReport> act) : ITrainingObserver
    {
        public void StepCompleted(StepReport step) => act(step);
    }
}
