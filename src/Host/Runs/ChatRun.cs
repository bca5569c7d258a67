using System.Text;
using Neoteny.Models.ChatTemplates;

namespace Neoteny.Host.Runs;

/// <summary>A conversation: one line in, one answer out, until the input ends.</summary>
/// <param name="session">The model.</param>
/// <param name="signals">Tells when an answer, or the whole conversation, is to end.</param>
/// <param name="console">Where lines come from and answers go.</param>
internal sealed class ChatRun(TextSession session, ChatSignals signals, ChatConsole console)
{
    private readonly List<ChatMessage> history = [];

    /// <summary>Talks until the input ends or <c>/exit</c> comes.</summary>
    /// <exception cref="InputException">The model cannot hold a conversation; or, with a person absent, a line cannot be answered.</exception>
    /// <exception cref="OperationCanceledException">A signal came while nothing was being answered.</exception>
    public void Execute()
    {
        session.RequireTemplate();
        console.Note("Type a message. /reset forgets the conversation, /exit ends it, Ctrl-C stops an answer.");
        while (console.ReadLine(signals.Ending) is { } line)
        {
            switch (line.Trim())
            {
                case "":
                    break;
                case "/exit":
                    return;
                case "/reset":
                    history.Clear();
                    console.Note("The conversation is forgotten.");
                    break;
                case ['/', ..] command when !command.Contains(' '):
                    console.Note($"There is no command {command}; there are /reset and /exit.");
                    break;
                case var message:
                    Reply(message);
                    break;
            }
        }
    }

    private void Reply(string message)
    {
        history.Add(new ChatMessage("user", message));
        var answer = new StringBuilder();
        try
        {
            using var answering = signals.BeginAnswer();
            foreach (var piece in session.Answer(history, answering.Token))
            {
                answer.Append(piece);
                console.Write(piece);
            }
        }
        catch (OperationCanceledException) when (!signals.Ending.IsCancellationRequested)
        {
            // What was said so far stays part of the conversation.
        }
        catch (InputException e) when (console.IsInteractive)
        {
            history.RemoveAt(history.Count - 1);
            console.Note(e.Message);
            return;
        }

        console.Write("\n");
        history.Add(new ChatMessage("assistant", answer.ToString()));
    }
}
