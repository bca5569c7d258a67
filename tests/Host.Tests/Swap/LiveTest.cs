using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;
using Neoteny.Host.Runs;
using Neoteny.Host.Swap;
using Neoteny.Host.Tests.EndToEnd;
using Neoteny.Training.Loop;
using Spectre.Console;

namespace Neoteny.Host.Tests.Swap;

/// <summary>Training runs in this process, with the program's own plugins and fixture plugins in a folder of the test.</summary>
internal sealed class LiveTest : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("neoteny-swap-").FullName;
    private readonly Workspace workspace;
    private readonly SharedAssemblies shared = SharedAssemblies.OfHost();

    /// <param name="workspace">Has the model.</param>
    /// <param name="plugins">Fixture plugins as <c>Id/Version</c>.</param>
    public LiveTest(Workspace workspace, params IEnumerable<string> plugins)
    {
        this.workspace = workspace;
        Directory.CreateDirectory(PluginFolder);
        foreach (var plugin in plugins)
        {
            Install(plugin);
        }
    }

    public string PluginFolder => Path.Combine(folder, "plugins");

    public static string OwnPlugins => Path.Combine(Path.GetDirectoryName(NeotenyProgram.File)!, "plugins");

    public RecordedLog Log { get; } = new();

    public WatchTimes? Watch { get; init; }

    /// <summary>The keys of a run that computes attention and loss with the fixture plugin.</summary>
    public static IEnumerable<(string Key, string? Value)> Steady =>
        [("attn_implementation", "steady"), ("loss", "steady_loss"), ("plugins", "[Steady]"), ("max_steps", "24"), ("learning_rate", "1e-3"), ("logging_steps", "1")];

    /// <summary>Lays a fixture plugin out under another name and renames it, as an installation does.</summary>
    public string Install(string plugin, string? source = null)
    {
        var target = Path.Combine(PluginFolder, plugin);
        var partial = Path.Combine(PluginFolder, $".{plugin.Replace('/', '-')}");
        Directory.CreateDirectory(partial);
        foreach (var file in Directory.GetFiles(source ?? TestHost.FixturePath(plugin)))
        {
            File.Copy(file, Path.Combine(partial, Path.GetFileName(file)));
        }

        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        Directory.Move(partial, target);
        return target;
    }

    /// <summary>Installs one of the program's own plugins as if it were of another version of the same length.</summary>
    public void InstallAs(string id, string version)
    {
        var source = Directory.GetDirectories(Path.Combine(OwnPlugins, id)).Single();
        var target = Install($"{id}/{version}", source);
        var (old, assembly) = (Encoding.UTF8.GetBytes(Path.GetFileName(source)), Directory.GetFiles(target, "Neoteny.*.dll").Single());
        var bytes = File.ReadAllBytes(assembly);
        for (int at; (at = bytes.AsSpan().IndexOf(old)) >= 0;)
        {
            Encoding.UTF8.GetBytes(version).CopyTo(bytes, at);
        }

        File.WriteAllBytes(assembly, bytes);
    }

    /// <summary>Trains; returns the loss of each step.</summary>
    /// <param name="name">The output folder.</param>
    /// <param name="keys">The configuration.</param>
    /// <param name="act">Called after each step, on the training thread.</param>
    public double[] Train(string name, IEnumerable<(string Key, string? Value)> keys, Action<LiveStep> act) => Train(name, keys, act, CancellationToken.None);

    /// <inheritdoc cref="Train(string, IEnumerable{ValueTuple{string, string}}, Action{LiveStep})"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public double[] Train(string name, IEnumerable<(string Key, string? Value)> keys, Action<LiveStep> act, CancellationToken stop) => TrainFile(workspace.Config(name, [.. keys]), act, stop);

    /// <summary>Trains as a file says; returns the loss of each step.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public double[] TrainFile(string config, Action<LiveStep> act, CancellationToken stop = default)
    {
        var losses = new List<double>();
        var setup = new HostSetup(HostKeys.Read(), shared, [PluginFolder, OwnPlugins]);
        using var run = RunContext.Open(RunFile.Load(config), setup, Log);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Output) });
        console.Profile.Width = ushort.MaxValue;
        new TrainRun(run, console, Log)
        {
            Watch = Watch,
            Observer = swap => new Steps(report =>
            {
                losses.Add(report.Loss);
                act(new LiveStep(report.Step, swap, run));
            }),
        }.Execute(stop);
        return [.. losses];
    }

    /// <summary>What the runs printed.</summary>
    public StringWriter Output { get; } = new();

    public string OutputFolder(string name) => workspace.At(name);

    /// <summary>How many load contexts hold a plugin, those that were told to unload and are still referred to included.</summary>
    /// <param name="id">The plugin.</param>
    /// <param name="least">How many there are at least: with so many the count is taken, without waiting for fewer.</param>
    public static int Contexts(string id, int least = 0)
    {
        // The runtime compiles hot methods again on a thread of its own, and holds the context of one meanwhile.
        var alive = Alive(id);
        for (var i = 0; i < 20 && alive > least; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(10 * i);
            alive = Alive(id);
        }

        return alive;
    }

    /// <summary>A line that matches; the whole line is shown where it does not.</summary>
    public static void AssertSays(string pattern, string line) => Assert.True(Regex.IsMatch(line, $"^{pattern}$"), line);

    public static void AssertSame(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), l => Assert.InRange(Math.Abs(l.Second - l.First), 0, 1e-5));
    }

    private static int Alive(string id) => AppDomain.CurrentDomain.GetAssemblies().Count(a => a.GetName().Name == $"Neoteny.{id}");

    public void Dispose()
    {
        shared.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private sealed class Steps(Action<StepReport> act) : ITrainingObserver
    {
        public void StepCompleted(StepReport step) => act(step);
    }
}
