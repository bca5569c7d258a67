using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Neoteny.Benchmarks.Harness;

/// <summary>Where and when numbers were measured.</summary>
internal sealed record Machine
{
    public required string Cpu { get; init; }

    public required int Cores { get; init; }

    public required string Memory { get; init; }

    public required string System { get; init; }

    public required string DotNet { get; init; }

    public required string TorchSharp { get; init; }

    public required string LibTorch { get; init; }

    public required string Commit { get; init; }

    public required string LoadAverage { get; init; }

    public required string Date { get; init; }

    /// <summary>Reads the machine that this runs on, now.</summary>
    public static Machine Read()
    {
        Runtime.Native.LibTorch.Load();
        return new()
        {
            Cpu = Line("/proc/cpuinfo", "model name"),
            Cores = Environment.ProcessorCount,
            Memory = string.Create(CultureInfo.InvariantCulture, $"{long.Parse(Line("/proc/meminfo", "MemTotal").Split(' ')[0], CultureInfo.InvariantCulture) / 1e6:f0} GB"),
            System = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
            DotNet = RuntimeInformation.FrameworkDescription,
            TorchSharp = typeof(torch).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0],
            LibTorch = Runtime.Native.LibTorch.Version ?? torch.__version__,
            Commit = Git("rev-parse", "--short", "HEAD") + (Git("status", "--porcelain", "--untracked-files=no").Length > 0 ? " with changes" : ""),
            LoadAverage = string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]),
            Date = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture),
        };
    }

    /// <summary>The same as lines of a list.</summary>
    public IEnumerable<(string Key, string Value)> Facts() =>
    [
        ("CPU", $"{Cpu}, {Cores} cores, {Memory}"),
        ("System", System),
        ("Versions", $"{DotNet}, TorchSharp {TorchSharp}, libtorch {LibTorch}"),
        ("Date", $"{Date}, commit {Commit}, load average at the end {LoadAverage}"),
    ];

    private static string Line(string file, string key)
        => File.ReadLines(file).FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";

    private static string Git(params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Repository.Root };
        try
        {
            using var git = Process.Start(start)!;
            var text = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0 ? text : "unknown";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // A machine without git.
            return "unknown";
        }
    }
}
