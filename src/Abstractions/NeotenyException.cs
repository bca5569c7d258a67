namespace Neoteny;

/// <summary>A failure that its reader can mend: one message that says what is wrong, where, and the remedy.</summary>
/// <remarks>The command prints the message alone, without a stack trace, and ends with <see cref="ExitCode"/>.</remarks>
public class NeotenyException : Exception
{
    /// <summary>Creates a failure during the work (exit code 1).</summary>
    public NeotenyException(string message, Exception? inner = null) : base(message, inner)
    {
    }

    /// <summary>What the process returns: 2 for bad usage or input, 1 for a failure.</summary>
    public virtual int ExitCode => 1;
}

/// <summary>Bad usage or input: a missing file, a malformed line, a wrong key (exit code 2).</summary>
public sealed class InputException : NeotenyException
{
    /// <summary>Creates an input error. <paramref name="message"/> names the place and the remedy.</summary>
    public InputException(string message, Exception? inner = null) : base(message, inner)
    {
    }

    /// <inheritdoc/>
    public override int ExitCode => 2;
}
