using System.CommandLine;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Neoteny.Conformance;
using Neoteny.Host.Configuration;
using Neoteny.Host.Conformance;
using Neoteny.Host.Plugins;
using Neoteny.Host.Runs;
using Serilog.Extensions.Logging;
using static TorchSharp.torch;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny plugins test</c>: the conformance suites on one plugin.</summary>
internal static class PluginsTestCommand
{
    private static readonly (string Text, Func<ScalarType> Type)[] DTypes =
        [("fp32", () => ScalarType.Float32), ("bf16", () => ScalarType.BFloat16), ("fp16", () => ScalarType.Float16)];

    public static Command Create(GlobalOptions globals)
    {
        var plugin = new Argument<string>("plugin") { Description = "An installed plugin (Id or Id@version), or the path of a plugin's folder or assembly." };
        var device = new Option<string>("--device") { Description = "Where to run: auto, cpu, cuda or cuda:N.", DefaultValueFactory = _ => "cpu" };
        var filter = new Option<string?>("--filter") { Description = "Run only the checks whose names contain this text." };
        var dtypes = new Option<string[]>("--dtype")
        {
            Description = "A dtype to try: fp32, bf16 or fp16. May be given several times; without it all that make sense on the device.",
            DefaultValueFactory = _ => [],
            AllowMultipleArgumentsPerToken = true,
        };
        dtypes.AcceptOnlyFromAmong([.. DTypes.Select(d => d.Text)]);
        var config = new Option<string?>("--config") { Description = "A YAML file with options for the plugin; without it those that the plugin carries for its tests." };
        var json = new Option<bool>("--json") { Description = "Write the results as JSON." };
        var command = new Command("test", "Checks an installed plugin against the conformance suites of the extension points that it provides.") { plugin, device, filter, dtypes, config, json };
        command.SetAction(result =>
        {
            var setup = HostSetup.Create(result.GetValue(globals.PluginFolders)!);
            var catalog = setup.Discover();
            var found = Find(catalog, result.GetRequiredValue(plugin));
            using var log = ConsoleLog.Create(result.GetValue(globals.Verbose), quiet: true);
            using var logs = new SerilogLoggerFactory(log);
            var (suites, elapsed) = Run(setup, logs, catalog, found, result.GetRequiredValue(device), result.GetValue(dtypes)!, result.GetValue(filter), result.GetValue(config));
            if (suites.Count == 0)
            {
                throw new InputException($"--filter: no check's name contains '{result.GetValue(filter)}'.");
            }

            var output = result.InvocationConfiguration.Output;
            if (result.GetValue(json))
            {
                TestReport.WriteJson(suites, output);
            }
            else
            {
                TestReport.WriteText(suites, elapsed, output);
            }

            return suites.SelectMany(s => s.Results).Any(r => r.Status == CheckStatus.Failed) ? ExitCode.Failure : ExitCode.Success;
        });
        return command;
    }

    /// <summary>The child process's command: compiles the scripts of an assembly, which may end the process.</summary>
    public static Command CreateCompile()
    {
        var assembly = new Argument<string>("assembly");
        var command = new Command("compile-scripts", "Compiles the scripts of a plugin's assembly.") { assembly };
        command.Hidden = true;
        command.SetAction(result =>
        {
            Scripts.Compile(result.GetRequiredValue(assembly), result.InvocationConfiguration.Output);
            return ExitCode.Success;
        });
        return command;
    }

    private static (IReadOnlyList<TestedSuite> Suites, TimeSpan Elapsed) Run(
        HostSetup setup, ILoggerFactory logs, PluginCatalog catalog, InstalledPlugin plugin, string device, string[] dtypes, string? filter, string? config)
    {
        var watch = Stopwatch.StartNew();
        var tester = new PluginTester(setup, logs)
        {
            Settings = new ConformanceSettings
            {
                Device = DeviceChoice.Of(device),
                DTypes = dtypes.Length == 0 ? null : [.. DTypes.Where(d => dtypes.Contains(d.Text)).Select(d => d.Type())],
            },
            Filter = filter,
            CompileScripts = path => OwnProcess("plugins", "compile-scripts", path),
        };
        return (tester.Test(catalog, plugin, config), watch.Elapsed);
    }

    private static InstalledPlugin Find(PluginCatalog catalog, string text)
    {
        if (Path.Exists(text))
        {
            var added = catalog.Add(Path.GetFullPath(text));
            return added.IsUsable ? added : throw new InputException($"The plugin at {text} cannot be used: {added.Reason}");
        }

        var file = RunFile.Parse($"plugins: ['{text.Replace("'", "''")}']", "plugins test");
        var chosen = new PluginSelector(catalog, file).Select(new KeyOwner(KeyOwner.Host, []));
        if (file.Problems.HasErrors)
        {
            throw new InputException(string.Join(Environment.NewLine, file.Problems.Errors.Select(e => e.Message["plugins: ".Length..])));
        }

        return chosen[0].Plugin;
    }

    /// <summary>This program with other arguments: its own executable, or <c>dotnet neoteny.dll</c>.</summary>
    private static ProcessStartInfo OwnProcess(params string[] arguments)
    {
        var program = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? new ProcessStartInfo(program, [Path.Combine(AppContext.BaseDirectory, "neoteny.dll"), .. arguments])
            : new ProcessStartInfo(program, arguments);
    }
}
