using System.Text;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>What a stream of a running program said so far.</summary>
internal sealed class Transcript
{
    private readonly StringBuilder _text = new();
    private Task _reading = Task.CompletedTask;

    public void Follow(StreamReader stream) => _reading = Task.Run(() =>
    {
        var buffer = new char[1024];
        while (stream.Read(buffer) is > 0 and var read)
        {
            lock (_text)
            {
                _text.Append(buffer.AsSpan(0, read));
                Monitor.PulseAll(_text);
            }
        }

        lock (_text)
        {
            Monitor.PulseAll(_text);
        }
    });

    /// <summary>Whether the text came in time, and before the stream ended.</summary>
    public bool WaitFor(string text, TimeSpan limit)
    {
        var end = DateTime.UtcNow + limit;
        lock (_text)
        {
            while (_text.Length == 0 || !_text.ToString().Contains(text))
            {
                if (DateTime.UtcNow > end || _reading.IsCompleted)
                {
                    return false;
                }

                Monitor.Wait(_text, TimeSpan.FromMilliseconds(200));
            }
        }

        return true;
    }

    /// <summary>The whole text, once the stream has ended.</summary>
    public string ToEnd()
    {
        _reading.Wait();
        return ToString();
    }

    public override string ToString()
    {
        lock (_text)
        {
            return _text.ToString();
        }
    }
}
