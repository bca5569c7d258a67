using System.ComponentModel;
using System.Diagnostics;

namespace Neoteny.ExampleData.Packages;

/// <summary>Runs the package clients.</summary>
internal static class CommandLine
{
    /// <summary>Runs a program to its end and returns its standard output.</summary>
    /// <exception cref="ExampleDataException">The program is not installed, or it ended with another code than 0.</exception>
    public static string Run(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0
                ? output
                : throw new ExampleDataException($"`{program} {string.Join(' ', arguments)}` failed: {errors.Result.Trim()}");
        }
        catch (Win32Exception)
        {
            throw new ExampleDataException($"{program} is needed and is not installed (it was to run `{string.Join(' ', arguments)}`).");
        }
    }
}
