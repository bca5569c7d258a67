namespace Neoteny.Host.Runs;

/// <summary>The two ends of a conversation. With a person there, it prompts and explains; between programs, answers are all that it writes.</summary>
/// <param name="input">Lines.</param>
/// <param name="output">Answers.</param>
/// <param name="isInteractive">Whether a person types.</param>
internal sealed class ChatConsole(TextReader input, TextWriter output, bool isInteractive)
{
    /// <summary>Whether a person types.</summary>
    public bool IsInteractive => isInteractive;

    /// <summary>The next line; null at the end of the input.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="ending"/> was signalled.</exception>
    public string? ReadLine(CancellationToken ending)
    {
        if (isInteractive)
        {
            Write("> ");
        }

        // A blocked read cannot be cancelled; it is left behind.
        var line = Task.Run(input.ReadLine, CancellationToken.None);
        line.Wait(ending);
        return line.Result;
    }

    /// <summary>Writes at once.</summary>
    public void Write(string text)
    {
        output.Write(text);
        output.Flush();
    }

    /// <summary>Tells a person something that is no answer.</summary>
    public void Note(string text)
    {
        if (isInteractive)
        {
            Write($"{text}\n");
        }
    }
}
