namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>What a user does with a model: train it, talk to it, merge it.</summary>
public sealed class TrainingTests(Workspace workspace) : IClassFixture<Workspace>
{
    [Fact]
    public void A_lora_run_writes_an_adapter_with_metrics_and_checkpoints_that_answers_and_merges()
    {
        var config = workspace.Config("lora", [.. Workspace.Lora, ("max_steps", "12"), ("save_strategy", null), ("save_steps", "6")]);

        var trained = NeotenyProgram.Run("train", config).Succeeded();

        Assert.EndsWith($"step 12/12", trained.Output.Split("  loss")[^2]);
        Assert.Contains($"The adapter is in {workspace.At("lora")}", trained.Output);
        Assert.Equal(
            ["adapter_config.json", "adapter_model.safetensors", "chat_template.jinja", "checkpoint-12", "checkpoint-6", "metrics.jsonl", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"],
            Entries("lora"));
        Assert.Contains("optimizer.safetensors", Entries("lora/checkpoint-6"));
        Assert.True(workspace.Losses("lora")[^1] < workspace.Losses("lora")[0]);

        // The adapter by its own folder, by its configuration, and by hand are one; the merged model says the same.
        var prompt = new[] { "--prompt", "What is 3 and 3?", "--chat", "--max-new-tokens", "12" };
        var byFolder = NeotenyProgram.Run(["generate", workspace.At("lora"), .. prompt]).Succeeded();
        var byConfig = NeotenyProgram.Run(["generate", config, .. prompt]).Succeeded();
        var byHand = NeotenyProgram.Run(["generate", workspace.Model, "--adapter", workspace.At("lora"), .. prompt]).Succeeded();
        var without = NeotenyProgram.Run(["generate", workspace.Model, .. prompt]).Succeeded();
        NeotenyProgram.Run("merge-lora", config).Succeeded();
        var merged = NeotenyProgram.Run(["generate", workspace.At("lora/merged"), .. prompt]).Succeeded();

        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], Entries("lora/merged").Intersect(["config.json", "model.safetensors", "tokenizer.json"]));
        Assert.Equal([byFolder.Output, byFolder.Output, byFolder.Output], [byConfig.Output, byHand.Output, merged.Output]);
        Assert.NotEqual(without.Output, byFolder.Output);
        Assert.Equal("", byFolder.Error);
    }

    [Fact]
    public void A_full_run_writes_a_model_that_chats_with_piped_lines()
    {
        var config = workspace.Config("full", ("max_steps", "30"));
        NeotenyProgram.Run("train", config).Succeeded();
        Assert.Contains("model.safetensors", Entries("full"));
        Assert.DoesNotContain("adapter_config.json", Entries("full"));

        using var chat = NeotenyProgram.Start("chat", workspace.At("full"), "--max-new-tokens", "6");
        chat.Input.Write("What is 3 and 3?\n\n/reset\nWhat is 3 and 3?\n/exit\nnever read\n");
        var answers = chat.Wait().Succeeded();

        var lines = answers.Output.TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Equal(lines[0], lines[1]);
        Assert.StartsWith("It is", lines[0]);
        Assert.Equal("", answers.Error);

        // A configuration stands for what its run wrote.
        var byConfig = NeotenyProgram.Run("generate", config, "--chat", "--prompt", "What is 3 and 3?", "--max-new-tokens", "6").Succeeded();
        Assert.Equal($"{lines[0]}\n", byConfig.Output);

        // Several prompts run together and give a line of JSON each; what one says does not depend on the others.
        var file = workspace.Write("prompts.jsonl", "{\"prompt\": \"What is 3 and 3?\"}\n");
        string[] together = ["generate", config, "--chat", "--prompt", "What is 4 and 4?", "--prompts", file, "--max-new-tokens", "6"];
        var parsed = NeotenyProgram.Run(together).Succeeded().Output.TrimEnd('\n').Split('\n').Select(l => System.Text.Json.Nodes.JsonNode.Parse(l)!).ToArray();
        Assert.Equal(["What is 4 and 4?", "What is 3 and 3?"], parsed.Select(p => (string)p["prompt"]!));
        Assert.Equal(lines[0], (string)parsed[1]["text"]!);
        Assert.All(parsed, p => Assert.InRange((int)p["tokens"]!, 1, 6));

        // The choice of tokens follows every option.
        string[] single = ["generate", config, "--chat", "--prompt", "What is 3 and 3?", "--max-new-tokens", "6"];
        Assert.Equal("It\n", NeotenyProgram.Run([.. single, "--stop", " is"]).Succeeded().Output);
        Assert.NotEqual(byConfig.Output, NeotenyProgram.Run([.. single, "--repetition-penalty", "1e6"]).Succeeded().Output);
        Assert.Equal(byConfig.Output, NeotenyProgram.Run([.. single, "--temperature", "5", "--min-p", "1"]).Succeeded().Output);
        NeotenyProgram.Run([.. single, "--min-p", "2"]).Refused(2, "min_p must be from 0 to 1, but it is 2.");
    }

    [Fact]
    public void Graphs_without_a_GPU_are_left_out_with_a_word()
    {
        var config = workspace.Config("graphs", ("max_steps", "1"), ("device", "cpu"), ("cuda_graphs", "true"));
        var trained = NeotenyProgram.Run("train", config).Succeeded();
        Assert.Contains("cuda_graphs has no effect: the run is not on a GPU", trained.Output + trained.Error);
    }

    [Fact]
    public void Sdpa_and_eager_differ_in_nothing_but_speed()
    {
        NeotenyProgram.Run("train", workspace.Config("sdpa", ("attn_implementation", "sdpa"))).Succeeded();
        NeotenyProgram.Run("train", workspace.Config("eager", ("attn_implementation", "eager"))).Succeeded();

        var (sdpa, eager) = (workspace.Losses("sdpa"), workspace.Losses("eager"));
        Assert.Equal(4, sdpa.Length);
        Assert.All(sdpa.Zip(eager), pair => Assert.InRange(pair.First - pair.Second, -1e-5, 1e-5));
        Assert.NotEqual(sdpa[0], sdpa[3]);
    }

    private IEnumerable<string> Entries(string folder) =>
        Directory.EnumerateFileSystemEntries(workspace.At(folder)).Select(e => Path.GetFileName(e)).Order(StringComparer.Ordinal);
}
