using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Neoteny.Tests;

/// <summary>g++ with a folder of what it has made, named by a hash of all that went in.</summary>
internal static class EmulatorCompiler
{
    private static readonly Lazy<string?> Version = new(FindVersion);

    /// <summary>Why kernels cannot be compiled here; null where they can.</summary>
    public static string? Missing { get; } = !OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64 ? "the emulator of kernels needs Linux on x86-64"
        : Version.Value is null ? "needs g++, which compiles CUDA kernels for the CPU" : null;

    /// <summary>The folder of compiled libraries.</summary>
    public static string Folder { get; } = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"neoteny-emulated-{Environment.UserName}")).FullName;

    /// <summary>A file of the emulator.</summary>
    public static string Text(string file)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream(file)!);
        return reader.ReadToEnd();
    }

    /// <summary>The path of the library that <paramref name="make"/> makes in a folder of its own, kept from earlier runs.</summary>
    /// <param name="name">Begins the file's name.</param>
    /// <param name="ingredients">All that decides what comes out.</param>
    /// <param name="make">Writes the library to the given path; the folder holds nothing else.</param>
    public static string Library(string name, IEnumerable<string> ingredients, Action<string> make)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', ingredients.Prepend(Version.Value!)))))[..20];
        var library = Path.Combine(Folder, $"{name}-{hash}.so");
        if (File.Exists(library))
            return library;
        var work = Directory.CreateTempSubdirectory("neoteny-emulated-");
        try
        {
            var made = Path.Combine(work.FullName, "made.so");
            make(made);
            File.Move(made, library, overwrite: true);
            return library;
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    /// <summary>Runs a program of the compiler and returns what it prints.</summary>
    /// <exception cref="InvalidOperationException">It fails; the message has its output.</exception>
    public static string Run(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        // Messages in English, with plain quotes.
        start.Environment["LC_ALL"] = "C";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', start.ArgumentList)} failed:\n{errors.Result}");
    }

    private static string? FindVersion()
    {
        try
        {
            return Run("g++", "--version");
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return null;
        }
    }
}
