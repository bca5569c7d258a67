using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>The real program as a child process. A run that hangs is ended and fails its test.</summary>
internal sealed partial class NeotenyProgram : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly Process process;
    private readonly Transcript output = new();
    private readonly Transcript error = new();

    private NeotenyProgram(string file, IEnumerable<string> arguments, bool pipesInput)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };

        // Threads that spin while they wait slow each other down on a machine that is busy otherwise.
        start.Environment["OMP_WAIT_POLICY"] = "passive";
        process = Process.Start(start)!;
        if (!pipesInput)
        {
            process.StandardInput.Close();
        }
        else
        {
            process.StandardInput.AutoFlush = true;
        }

        output.Follow(process.StandardOutput);
        error.Follow(process.StandardError);
    }

    /// <summary>The program's file.</summary>
    public static string File { get; } = Path.Combine(
        typeof(NeotenyProgram).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "HostFolder").Value!, "neoteny");

    public int Id => process.Id;

    /// <summary>Where lines can be piped to.</summary>
    public StreamWriter Input => process.StandardInput;

    /// <summary>Runs a command to its end in this process, which is several times as fast.</summary>
    public static ProgramResult Run(params string[] arguments) => InProcess.Run(arguments);

    /// <summary>Runs the program to its end in a process of its own.</summary>
    public static ProgramResult RunApart(params string[] arguments)
    {
        using var program = new NeotenyProgram(File, arguments, pipesInput: false);
        return program.Wait();
    }

    /// <summary>Starts the program.</summary>
    public static NeotenyProgram Start(params string[] arguments) => new(File, arguments, pipesInput: true);

    /// <summary>Starts the program so that writing beyond a size limit fails as on a full disk, rather than ending it.</summary>
    public static NeotenyProgram StartIgnoringSizeSignal(params string[] arguments)
        => new("/bin/bash", ["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", File, .. arguments], pipesInput: true);

    /// <summary>Waits until standard output holds a text; with an empty one, until it holds anything.</summary>
    public void WaitFor(string text) => WaitFor(output, text);

    /// <summary>Waits until the log holds a text.</summary>
    public void WaitForError(string text) => WaitFor(error, text);

    private void WaitFor(Transcript stream, string text)
    {
        if (!stream.WaitFor(text, Limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"'{text}' never came. Output:\n{output}\nErrors:\n{error}");
        }
    }

    /// <summary>Waits for the end.</summary>
    public ProgramResult Wait()
    {
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"The program did not end. Output:\n{output}\nErrors:\n{error}");
        }

        process.WaitForExit();
        return new ProgramResult(process.ExitCode, output.ToEnd(), error.ToEnd());
    }

    public void Signal(PosixSignal signal) => Assert.Equal(0, Kill(process.Id, signal == PosixSignal.SIGINT ? 2 : 15));

    public void Kill() => Assert.Equal(0, Kill(process.Id, 9));

    /// <summary>From now on no file of the program may grow beyond this size.</summary>
    public void LimitFileSize(ulong bytes)
    {
        const int FileSize = 1;
        Assert.Equal(0, SetLimit(process.Id, FileSize, [bytes, bytes], 0));
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "prlimit")]
    private static partial int SetLimit(int process, int resource, ulong[] limit, nint old);
}
