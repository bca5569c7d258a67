using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Neoteny.Host.Swap;
using Neoteny.Host.Swap.Control;

namespace Neoteny.Host.Tests.Swap;

/// <summary>The door of a live run.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ControlTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private readonly string folder = Directory.CreateTempSubdirectory("neoteny-control-").FullName;

    [Fact]
    public async Task A_request_is_answered_and_only_the_owner_may_ask()
    {
        using var door = ControlSocket.Open(folder, (r, _) => Task.FromResult(new ControlReply(0, $"{r.Command} {r.Target}") { Status = new RunStatus(3, [new ActivePlugin("Sdpa", "1.0.0", "/p", ["attention sdpa"])]) }));

        var reply = await ControlClient.AskAsync(folder, new ControlRequest("swap", "attention=eager"), Long, default);

        Assert.Equal("swap attention=eager", reply.Message);
        Assert.Equal((3, "Sdpa", "attention sdpa"), (reply.Status!.Step, reply.Status.Plugins[0].Id, reply.Status.Plugins[0].InUse[0]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(ControlAddress.SocketOf(folder)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(folder, ".control")));
    }

    [Fact]
    public async Task The_door_is_gone_when_the_run_has_ended()
    {
        ControlSocket.Open(folder, Silent).Dispose();

        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        var error = await Assert.ThrowsAsync<InputException>(() => Ask(folder));
        Assert.Equal($"No run is live in {folder}: there is no socket {folder}/.control/run.sock. Name the output_dir of a run that is training now; one that still loads its model listens a little later.", error.Message);
    }

    [Fact]
    public async Task A_socket_that_a_killed_run_left_is_told_from_a_live_one_and_replaced()
    {
        Directory.CreateDirectory(Path.Combine(folder, ".control"));
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // Bound under one name and renamed, it is not removed with its process.
            dead.Bind(new UnixDomainSocketEndPoint(ControlAddress.SocketOf(folder) + "-"));
            File.Move(ControlAddress.SocketOf(folder) + "-", ControlAddress.SocketOf(folder), overwrite: true);
        }

        var error = await Assert.ThrowsAsync<InputException>(() => Ask(folder));
        Assert.Equal($"No run is live in {folder}: nobody listens at {folder}/.control/run.sock any more; the run that did was killed. Go on from its last checkpoint with 'resume_from_checkpoint: true'.", error.Message);

        using var door = ControlSocket.Open(folder, Silent);
        Assert.Equal(0, (await Ask(folder)).ExitCode);
        Assert.Equal($"another live run listens at {folder}/.control/run.sock", Assert.Throws<NeotenyException>(() => ControlSocket.Open(folder, Silent)).Message);
        Assert.Equal(0, (await Ask(folder)).ExitCode);
    }

    [Fact]
    public async Task A_folder_whose_path_is_too_long_for_a_socket_has_a_door_all_the_same()
    {
        var deep = Path.Combine(folder, new string('a', 100), new string('ä', 60));
        Directory.CreateDirectory(deep);

        using (ControlSocket.Open(deep, Silent))
        {
            Assert.True(File.Exists(ControlAddress.SocketOf(deep)));
            Assert.Equal(0, (await Ask(deep)).ExitCode);
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(deep));
    }

    [Fact]
    public async Task A_run_that_does_not_answer_in_time_hears_that_the_asker_has_gone()
    {
        var gone = new TaskCompletionSource();
        using var door = ControlSocket.Open(folder, async (_, stop) =>
        {
            await using var registration = stop.Register(gone.SetResult);
            await gone.Task;
            return new ControlReply(1, "withdrawn");
        });

        var error = await Assert.ThrowsAsync<NeotenyException>(() => ControlClient.AskAsync(folder, new ControlRequest("swap", "x"), TimeSpan.FromSeconds(1), default));

        Assert.Equal($"The run in {folder} did not get to it within 1 s: a swap waits for the end of the step, the evaluation or the checkpoint at work. The request is withdrawn; wait longer with --timeout.", error.Message);
        await gone.Task.WaitAsync(Long);
    }

    [Theory]
    [InlineData("nonsense\n", "The request is not a JSON object on one line: ")]
    [InlineData("{\"target\": \"x\"}\n", "The request names no command.")]
    [InlineData("null\n", "The request names no command.")]
    public async Task What_is_no_request_is_refused_and_the_door_stays_open(string request, string message)
    {
        using var door = ControlSocket.Open(folder, Silent);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(ControlAddress.SocketOf(folder)));
        await using var stream = new NetworkStream(socket);

        await stream.WriteAsync(Encoding.UTF8.GetBytes(request));

        Assert.StartsWith($"{{\"exit_code\":2,\"message\":\"{message}", Encoding.UTF8.GetString(await ControlStream.ReadAsync(stream, default)));
        Assert.Equal(0, (await Ask(folder)).ExitCode);
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_named()
    {
        var error = await Assert.ThrowsAsync<InputException>(() => Ask($"{folder}/no"));

        Assert.Equal($"--run: there is no folder {folder}/no. Name the output_dir of a run that is training now.", error.Message);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static Task<ControlReply> Silent(ControlRequest request, CancellationToken stop) => Task.FromResult(new ControlReply(0, ""));

    private static Task<ControlReply> Ask(string run) => ControlClient.AskAsync(run, new ControlRequest("status"), Long, default);
}
