using System.Text;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>What a stream of a running program said so far.</summary>
internal sealed class Transcript
{
    private readonly StringBuilder received = new();
    private Task reading = Task.CompletedTask;

    public void Follow(StreamReader stream) => reading = Task.Run(() =>
    {
        var buffer = new char[1024];
        while (stream.Read(buffer) is > 0 and var read)
        {
            lock (received)
            {
                received.Append(buffer.AsSpan(0, read));
                Monitor.PulseAll(received);
            }
        }

        lock (received)
        {
            Monitor.PulseAll(received);
        }
    });

    /// <summary>Whether the text came in time, and before the stream ended.</summary>
    public bool WaitFor(string text, TimeSpan limit)
    {
        var end = DateTime.UtcNow + limit;
        lock (received)
        {
            while (received.Length == 0 || !received.ToString().Contains(text))
            {
                if (DateTime.UtcNow > end || reading.IsCompleted)
                {
                    return false;
                }

                Monitor.Wait(received, TimeSpan.FromMilliseconds(200));
            }
        }

        return true;
    }

    /// <summary>The whole text, once the stream has ended.</summary>
    public string ToEnd()
    {
        reading.Wait();
        return ToString();
    }

    public override string ToString()
    {
        lock (received)
        {
            return received.ToString();
        }
    }
}
