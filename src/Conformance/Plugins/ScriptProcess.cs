using System.Diagnostics;

namespace Neoteny.Conformance;

/// <summary>Compiles the scripts of a plugin in a child process, which may die of them.</summary>
internal static class ScriptProcess
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Tries all scripts of an assembly.</summary>
    /// <param name="run">Receives the failures.</param>
    /// <param name="names">The scripts to expect.</param>
    /// <param name="start">How to start the process that calls <see cref="Scripts.Compile(string, TextWriter)"/>.</param>
    public static void Check(CheckRun run, IReadOnlyList<string> names, ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            run.Fail($"compiling the scripts took more than {Limit.TotalMinutes:f0} minutes");
            return;
        }

        process.WaitForExit();
        var done = output.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var reason = errors.Result.Split('\n').Select(l => l.Trim()).FirstOrDefault(l => l.Length > 0) ?? "no message";
        run.That(process.ExitCode == 0, $"{done.LastOrDefault() ?? "before any script"}: ended the process with code {process.ExitCode}: {reason}");
        run.That(process.ExitCode != 0 || names.All(done.Contains), $"not all scripts were compiled: {string.Join(", ", names.Except(done))}");
    }

    /// <summary>Starts this assembly as a program, with the dependencies of the program that runs now (a test host, for instance).</summary>
    /// <param name="plugin">Path of the plugin's assembly.</param>
    /// <exception cref="NeotenyException">There is no program to borrow dependencies from.</exception>
    public static ProcessStartInfo OfThisAssembly(string plugin)
    {
        var folder = AppContext.BaseDirectory;
        var name = Directory.GetFiles(folder, "*.runtimeconfig.json").Select(f => Path.GetFileName(f)[..^".runtimeconfig.json".Length])
            .FirstOrDefault(n => n != "testhost" && File.Exists(Path.Combine(folder, $"{n}.deps.json")))
            ?? throw new NeotenyException($"{folder} has no runtimeconfig.json with a deps.json beside it, so scripts cannot be compiled in a process of their own.");
        var program = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        return new ProcessStartInfo(program,
        [
            "exec", "--runtimeconfig", Path.Combine(folder, $"{name}.runtimeconfig.json"), "--depsfile", Path.Combine(folder, $"{name}.deps.json"),
            typeof(ScriptProcess).Assembly.Location, plugin,
        ]);
    }
}
