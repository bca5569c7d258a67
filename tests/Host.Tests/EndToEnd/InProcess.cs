using Neoteny.Host.Commands;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>The program's commands in this process: what they print and return is the same, and they start without loading and compiling everything anew.</summary>
internal static class InProcess
{
    /// <summary>Runs one command.</summary>
    public static ProgramResult Run(string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var (usualOutput, usualError) = (Console.Out, Console.Error);

        // The log goes to the console, not to the writers that a command gets.
        Console.SetOut(TextWriter.Synchronized(output));
        Console.SetError(TextWriter.Synchronized(error));
        try
        {
            var code = CommandLine.RunAsync([.. arguments, .. OwnPlugins(arguments)], Console.Out, Console.Error).GetAwaiter().GetResult();
            return new ProgramResult(code, output.ToString(), error.ToString());
        }
        finally
        {
            Console.SetOut(usualOutput);
            Console.SetError(usualError);
        }
    }

    /// <summary>The plugins beside the program, which it finds by itself. Installing and removing take one folder only.</summary>
    private static string[] OwnPlugins(string[] arguments)
        => arguments is ["plugins", "install" or "remove", ..] ? [] : ["--plugin-dir", Path.Combine(Path.GetDirectoryName(NeotenyProgram.File)!, "plugins")];
}
