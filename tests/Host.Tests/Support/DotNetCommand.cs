using System.Diagnostics;

namespace Neoteny.Host.Tests;

/// <summary>The <c>dotnet</c> command as somebody else would run it.</summary>
internal static class DotNetCommand
{
    /// <summary>Runs it and expects success.</summary>
    /// <returns>What it printed.</returns>
    public static string Run(string folder, params IEnumerable<string> arguments) => Run(folder, 0, [.. arguments, .. Quiet, "-p:UseSharedCompilation=false"]);

    /// <summary>Runs a build whose compilations share one server, and expects success. The caller ends that server.</summary>
    /// <param name="folder">The working directory.</param>
    /// <param name="server">The server's name.</param>
    /// <param name="arguments">The command.</param>
    /// <returns>What it printed.</returns>
    public static string RunWithCompiler(string folder, string server, params IEnumerable<string> arguments)
        => Run(folder, 0, [.. arguments, .. Quiet, "-p:UseSharedCompilation=true", $"-p:SharedCompilationId={server}"]);

    /// <summary>Runs it and expects failure.</summary>
    /// <returns>What it printed.</returns>
    public static string Fail(string folder, params IEnumerable<string> arguments) => Run(folder, 1, [.. arguments, .. Quiet, "-p:UseSharedCompilation=false"]);

    /// <summary>Runs a command that is no build, such as <c>new</c>, and expects success.</summary>
    /// <returns>What it printed.</returns>
    public static string RunPlain(string folder, params IEnumerable<string> arguments) => Run(folder, 0, [.. arguments]);

    // No server of a build may outlive the test.
    private static string[] Quiet { get; } = ["--nologo", "-v", "q", "-nodeReuse:false"];

    private static string Run(string folder, int expected, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";

        // Tests of plugins run beside each other, on tensors that are too small for more threads.
        start.Environment["OMP_NUM_THREADS"] = "1";

        // Where templates are installed; a folder of the user's stays as it is.
        start.Environment["DOTNET_CLI_HOME"] = Path.Combine(folder, ".dotnet-home");
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == expected, $"dotnet {string.Join(' ', arguments)}:\n{output}\n{errors.Result}");
        return output;
    }
}
