namespace Neoteny.Host.Swap.Control;

/// <summary>One message a line on a stream.</summary>
internal static class ControlStream
{
    /// <summary>No request is longer.</summary>
    private const int MostBytes = 64 << 10;

    /// <summary>Reads up to the end of a line or of the stream.</summary>
    /// <exception cref="IOException">The line is too long, or the stream broke.</exception>
    public static async Task<byte[]> ReadAsync(Stream stream, CancellationToken stop)
    {
        var (line, buffer) = (new MemoryStream(), new byte[1024]);
        while (line.Length < MostBytes)
        {
            var read = await stream.ReadAsync(buffer, stop);
            var end = Array.IndexOf(buffer, (byte)'\n', 0, read);
            line.Write(buffer, 0, end < 0 ? read : end);
            if (read == 0 || end >= 0)
            {
                return line.ToArray();
            }
        }

        throw new IOException($"A message of more than {MostBytes} bytes.");
    }

    /// <summary>Writes a line.</summary>
    public static async Task WriteAsync(Stream stream, byte[] message, CancellationToken stop)
    {
        await stream.WriteAsync((byte[])[.. message, (byte)'\n'], stop);
        await stream.FlushAsync(stop);
    }
}
