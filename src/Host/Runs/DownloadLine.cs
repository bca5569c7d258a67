using Neoteny.Models.Hub;

namespace Neoteny.Host.Runs;

/// <summary>Shows how far a download is, on standard error: one line that changes on a terminal, elsewhere a line now and then.</summary>
internal sealed class DownloadLine : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private readonly bool isTerminal = !Console.IsErrorRedirected;
    private DateTime shown = DateTime.MinValue;
    private int width;

    /// <summary>Shows a state; from any thread.</summary>
    public void Show(HubTransfer transfer)
    {
        lock (gate)
        {
            var text = $"Downloading {transfer}";
            if (isTerminal)
            {
                Console.Error.Write($"\r{text.PadRight(width)}");
                width = text.Length;
            }
            else if (transfer.IsComplete || DateTime.UtcNow - shown >= Pause)
            {
                Console.Error.WriteLine(text);
                shown = DateTime.UtcNow;
            }
        }
    }

    /// <summary>Ends the line.</summary>
    public void Dispose()
    {
        if (isTerminal && width > 0)
        {
            Console.Error.WriteLine();
        }
    }
}
