using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text.Json;

namespace Neoteny.Host.Swap.Control;

/// <summary>The door of a live run: answers one request a connection, for the user that runs it and nobody else.</summary>
internal sealed class ControlSocket : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly ControlAddress address;
    private readonly Socket listener;
    private readonly Func<ControlRequest, CancellationToken, Task<ControlReply>> answer;
    private readonly CancellationTokenSource ended = new();
    private readonly Task loop;

    private ControlSocket(ControlAddress address, Socket listener, Func<ControlRequest, CancellationToken, Task<ControlReply>> answer)
    {
        (this.address, this.listener, this.answer) = (address, listener, answer);
        loop = Task.Run(AcceptAsync);
    }

    /// <summary>Opens the door of a run.</summary>
    /// <param name="run">Its output folder, which exists.</param>
    /// <param name="answer">Answers a request; the token is cancelled when the asker hangs up or the run ends.</param>
    /// <exception cref="NeotenyException">Another live run has its door there, or none can be made; the message says why.</exception>
    public static ControlSocket Open(string run, Func<ControlRequest, CancellationToken, Task<ControlReply>> answer)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new NeotenyException("Windows has no sockets that only their owner may use");
        }

        var address = new ControlAddress(run);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            MakeFolder(address);
            listener.Bind(address.EndPoint());
            File.SetUnixFileMode(address.Socket, OwnerOnly);
            listener.Listen();
            return new ControlSocket(address, listener, answer);
        }
        catch (Exception e)
        {
            listener.Dispose();
            address.Dispose();
            throw e as NeotenyException ?? new NeotenyException($"{address.Socket} cannot be made: {e.Message}", e);
        }
    }

    /// <summary>Hangs up and removes the socket with its folder.</summary>
    public void Dispose()
    {
        if (ended.IsCancellationRequested)
        {
            return;
        }

        ended.Cancel();
        listener.Dispose();
        loop.Wait();
        Directory.Delete(address.Folder, recursive: true);
        address.Dispose();
    }

    /// <summary>Makes the folder anew, so that it is this user's and closed before there is a socket in it; what a killed run left goes.</summary>
    [UnsupportedOSPlatform("windows")]
    private static void MakeFolder(ControlAddress address)
    {
        const UnixFileMode Closed = OwnerOnly | UnixFileMode.UserExecute;
        if (Path.Exists(address.Folder))
        {
            if (IsAlive(address))
            {
                throw new NeotenyException($"another live run listens at {address.Socket}");
            }

            Directory.Delete(address.Folder, recursive: true);
        }

        Directory.CreateDirectory(address.Folder, Closed);
        if (File.GetUnixFileMode(address.Folder) != Closed)
        {
            throw new NeotenyException($"{address.Folder} is not closed to others: its file system keeps no permissions");
        }
    }

    private static bool IsAlive(ControlAddress address)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(address.EndPoint());
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                var connection = await listener.AcceptAsync(ended.Token);
                open.RemoveAll(t => t.IsCompleted);
                open.Add(ServeAsync(connection));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        using var _ = connection;
        await using var stream = new NetworkStream(connection);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
        try
        {
            var line = await ControlStream.ReadAsync(stream, gone.Token);
            var asked = AnswerAsync(line, gone.Token);

            // Whoever asks says nothing more: the next thing read is the end, when they hang up.
            var hangUp = ControlStream.ReadAsync(stream, gone.Token);
            if (await Task.WhenAny(asked, hangUp) == hangUp)
            {
                await gone.CancelAsync();
            }

            await ControlStream.WriteAsync(stream, JsonSerializer.SerializeToUtf8Bytes(await asked, ControlJson.Default.ControlReply), CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
            // The asker is gone, or the run is over.
        }
    }

    private async Task<ControlReply> AnswerAsync(byte[] line, CancellationToken gone)
    {
        try
        {
            return JsonSerializer.Deserialize(line, ControlJson.Default.ControlRequest) is { Command: not null } request
                ? await answer(request, gone)
                : new ControlReply(2, "The request names no command.");
        }
        catch (JsonException e)
        {
            return new ControlReply(2, $"The request is not a JSON object on one line: {e.Message}");
        }
        catch (NeotenyException e)
        {
            return new ControlReply(e.ExitCode, e.Message);
        }
    }
}
