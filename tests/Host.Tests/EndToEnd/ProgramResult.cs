namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>How a run of the program ended.</summary>
internal sealed record ProgramResult(int ExitCode, string Output, string Error)
{
    /// <summary>Checks that it ended well, and returns it.</summary>
    public ProgramResult Succeeded()
    {
        Assert.True(ExitCode == 0, $"Exit code {ExitCode}. Output:\n{Output}\nErrors:\n{Error}");
        return this;
    }

    /// <summary>Checks that it ended with this message alone, behind what it logged before, and without a stack trace.</summary>
    public void Refused(int exitCode, string message)
    {
        var at = Error.IndexOf("error: ", StringComparison.Ordinal);
        var found = at < 0 ? Error : Error[at..];
        Assert.True(found == $"error: {message}\n", $"Expected:\nerror: {message}\nFound:\n{found}");
        Assert.DoesNotContain("   at ", Error);
        Assert.Equal(exitCode, ExitCode);
    }
}
