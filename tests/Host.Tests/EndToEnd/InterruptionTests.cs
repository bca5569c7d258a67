using System.Runtime.InteropServices;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>Runs that end early, and go on as if nothing had happened.</summary>
public sealed class InterruptionTests(Workspace workspace) : IClassFixture<Workspace>
{
    private static readonly IEnumerable<(string, string?)> Long = [("max_steps", "150"), ("logging_steps", "1")];

    private static readonly IEnumerable<(string, string?)> Saving = [("save_strategy", null), ("save_steps", "50"), ("save_total_limit", "10")];

    [Theory]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    public void A_signal_finishes_the_step_and_a_resumed_run_ends_with_the_same_bits(PosixSignal signal)
    {
        var (whole, parts) = (signal == PosixSignal.SIGINT ? WholeLora() : "whole-full", $"parts-{signal}");
        IEnumerable<(string, string?)> keys = signal == PosixSignal.SIGINT ? [.. Workspace.Lora, .. Long] : Long;
        if (signal != PosixSignal.SIGINT)
            NeotenyProgram.Run("train", workspace.Config(whole, [.. keys])).Succeeded();
        using var first = NeotenyProgram.Start("train", workspace.Config(parts, [.. keys]));

        first.WaitFor("step 3/150");
        first.Signal(signal);
        var stopped = first.Wait();

        Assert.Equal(130, stopped.ExitCode);
        var checkpoint = Assert.Single(Directory.EnumerateDirectories(workspace.At(parts), "checkpoint-*"));
        Assert.EndsWith($"Go on with resume_from_checkpoint: {checkpoint}\n", stopped.Output);

        NeotenyProgram.Run("train", workspace.Config(parts, [.. keys, ("resume_from_checkpoint", checkpoint)])).Succeeded();
        Assert.Equal(workspace.Hashes(whole), workspace.Hashes(parts));
        Assert.Equal(workspace.Losses(whole), workspace.Losses(parts));
    }

    [Fact]
    public void A_killed_run_goes_on_from_its_last_checkpoint_to_the_same_bits()
    {
        IEnumerable<(string, string?)> keys = [.. Workspace.Lora, .. Long, .. Saving];
        var whole = WholeLora();
        using var first = NeotenyProgram.Start("train", workspace.Config("killed", [.. keys]));

        first.WaitFor("checkpoint after step 50:");
        first.Kill();
        Assert.Equal(128 + 9, first.Wait().ExitCode);
        Assert.False(File.Exists(Path.Combine(workspace.At("killed"), "adapter_model.safetensors")));

        var resumed = NeotenyProgram.Run("train", workspace.Config("killed", [.. keys, ("resume_from_checkpoint", "true")])).Succeeded();
        Assert.Contains("going on after step ", resumed.Output);
        Assert.Equal(workspace.Hashes(whole), workspace.Hashes("killed"));
        Assert.Equal(2, workspace.Hashes("killed/checkpoint-150").Count);
        Assert.Equal(workspace.Hashes($"{whole}/checkpoint-150"), workspace.Hashes("killed/checkpoint-150"));
    }

    [Fact]
    public void A_disk_that_fills_up_while_saving_leaves_the_previous_checkpoint_whole()
    {
        IEnumerable<(string, string?)> keys = [.. Long, ("save_strategy", null), ("save_steps", "75")];
        using var program = NeotenyProgram.StartIgnoringSizeSignal("train", workspace.Config("full-disk", [.. keys]));

        program.WaitFor("checkpoint after step 75:");
        program.LimitFileSize(150_000);
        var (first, second) = (workspace.At("full-disk/checkpoint-75"), workspace.At("full-disk/checkpoint-150"));
        program.Wait().Refused(1, $"The checkpoint after step 150 could not be saved. {second}.tmp-{program.Id}/model.safetensors could not be written: the file is larger than the file system or a limit (ulimit -f) allows. "
            + $"Raise the limit, or choose another place. {first} is intact; go on from it with 'resume_from_checkpoint: true'.");

        Assert.Equal(["checkpoint-75", "metrics.jsonl"], Directory.EnumerateFileSystemEntries(workspace.At("full-disk")).Select(Path.GetFileName).Order());
        NeotenyProgram.Run("train", workspace.Config("full-disk", [.. keys, ("resume_from_checkpoint", "true")])).Succeeded();
    }

    [Fact]
    public void Control_c_stops_an_answer_and_the_chat_goes_on()
    {
        using var chat = NeotenyProgram.Start("chat", workspace.Model, "--max-new-tokens", "200");
        chat.Input.WriteLine("What is 3 and 3?");
        chat.WaitFor("");
        chat.Signal(PosixSignal.SIGINT);
        chat.Input.WriteLine("/exit");

        var stopped = chat.Wait().Succeeded();

        var whole = NeotenyProgram.Run("generate", workspace.Model, "--chat", "--prompt", "What is 3 and 3?", "--max-new-tokens", "200");
        Assert.EndsWith("\n", stopped.Output);
        Assert.StartsWith(stopped.Output[..^1], whole.Output);
        Assert.True(stopped.Output.Length < whole.Output.Length);
    }

    [Theory]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    public void A_signal_between_answers_ends_the_chat(PosixSignal signal)
    {
        using var chat = NeotenyProgram.Start("chat", workspace.Model, "--max-new-tokens", "1");
        chat.Input.WriteLine("What is 3 and 3?");
        chat.WaitFor("\n");

        chat.Signal(signal);

        Assert.Equal(130, chat.Wait().ExitCode);
    }

    /// <summary>The output of a LoRA run that nothing interrupts, made by the first test that asks; saving changes no bits.</summary>
    private string WholeLora()
    {
        if (!Directory.Exists(workspace.At("whole")))
            NeotenyProgram.Run("train", workspace.Config("whole", [.. Workspace.Lora, .. Long, .. Saving])).Succeeded();
        return "whole";
    }
}
