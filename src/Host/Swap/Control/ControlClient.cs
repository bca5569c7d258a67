using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;

namespace Neoteny.Host.Swap.Control;

/// <summary>Asks a live run.</summary>
internal static class ControlClient
{
    /// <summary>Sends one request and waits for its answer.</summary>
    /// <param name="run">The run's output folder.</param>
    /// <param name="request">The request.</param>
    /// <param name="limit">How long to wait.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="InputException">No run is live there.</exception>
    /// <exception cref="NeotenyException">The run did not answer.</exception>
    public static async Task<ControlReply> AskAsync(string run, ControlRequest request, TimeSpan limit, CancellationToken stop)
    {
        using var address = new ControlAddress(run);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timeout.CancelAfter(limit);
        Connect(socket, address, run);
        try
        {
            await using var stream = new NetworkStream(socket);
            await ControlStream.WriteAsync(stream, JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), timeout.Token);
            var line = await ControlStream.ReadAsync(stream, timeout.Token);
            return line.Length > 0 && JsonSerializer.Deserialize(line, ControlJson.Default.ControlReply) is { } reply ? reply
                : throw new NeotenyException($"The run in {run} ended before it answered.");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new NeotenyException(string.Create(CultureInfo.InvariantCulture,
                $"The run in {run} did not get to it within {limit.TotalSeconds:f0} s: a swap waits for the end of the step, the evaluation or the checkpoint at work. The request is withdrawn; wait longer with --timeout."));
        }
        catch (Exception e) when (e is IOException or SocketException or JsonException)
        {
            throw new NeotenyException($"The run in {run} ended before it answered, or is of another version: {e.Message}", e);
        }
    }

    private static void Connect(Socket socket, ControlAddress address, string run)
    {
        if (!Directory.Exists(run))
        {
            throw new InputException($"--run: there is no folder {Path.GetFullPath(run)}. Name the output_dir of a run that is training now.");
        }

        try
        {
            socket.Connect(address.EndPoint());
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            throw new InputException($"The run in {run} belongs to another user: {address.Socket} is closed to you.", e);
        }
        catch (SocketException e)
        {
            throw new InputException(Path.Exists(address.Socket)
                ? $"No run is live in {run}: nobody listens at {address.Socket} any more; the run that did was killed. Go on from its last checkpoint with 'resume_from_checkpoint: true'."
                : $"No run is live in {run}: there is no socket {address.Socket}. Name the output_dir of a run that is training now; one that still loads its model listens a little later.", e);
        }
    }
}
