using System.Diagnostics;
using System.Text.Json;

namespace Neoteny.Benchmarks.Harness;

/// <summary>Runs this program again as a child process, which answers with named numbers.</summary>
internal static class Child
{
    /// <summary>The hidden first argument of a child.</summary>
    public const string Flag = "--child";

    private const string Mark = "answer: ";

    /// <summary>Runs a child and returns its numbers.</summary>
    /// <exception cref="NeotenyException">It failed.</exception>
    public static IReadOnlyDictionary<string, double[]> Run(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        foreach (var argument in (string[])[Flag, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var answer = output.Split('\n').FirstOrDefault(l => l.StartsWith(Mark, StringComparison.Ordinal));
        return process.ExitCode == 0 && answer is not null
            ? JsonSerializer.Deserialize<Dictionary<string, double[]>>(answer[Mark.Length..])!
            : throw new NeotenyException($"The child process '{string.Join(' ', arguments)}' ended with exit code {process.ExitCode}: {output}");
    }

    /// <summary>Answers the parent.</summary>
    public static void Answer(IReadOnlyDictionary<string, double[]> numbers) => Console.WriteLine(Mark + JsonSerializer.Serialize(numbers));
}
