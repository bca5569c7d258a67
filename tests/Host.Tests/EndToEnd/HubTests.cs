using System.Text.Json.Nodes;
using Neoteny.Models.Checkpoints;
using Neoteny.Tests.Shared;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>Models that are named by their id on the hub.</summary>
public sealed class HubTests : IClassFixture<Workspace>, IDisposable
{
    private readonly Workspace workspace;
    private readonly FakeHub hub = new() { Repository = "acme/tiny" };

    public HubTests(Workspace workspace)
    {
        this.workspace = workspace;
        foreach (var file in Directory.EnumerateFiles(workspace.Model))
            hub.Files[Path.GetFileName(file)] = File.ReadAllBytes(file);
        hub.Large.Add("model.safetensors");
        Environment.SetEnvironmentVariable("HF_ENDPOINT", hub.Endpoint.ToString());
        Environment.SetEnvironmentVariable("HF_HOME", workspace.At($"hf-{Guid.NewGuid():N}"));
    }

    public void Dispose()
    {
        foreach (var variable in new[] { "HF_ENDPOINT", "HF_HOME", "HF_HUB_OFFLINE" })
            Environment.SetEnvironmentVariable(variable, null);
        hub.Dispose();
    }

    [Fact]
    public void A_run_downloads_its_model_and_its_adapter_finds_it_again_without_the_hub()
    {
        var config = workspace.Config("from-hub", [.. Workspace.Lora, ("base_model", "acme/tiny"), ("revision_of_model", "main")]);
        var trained = NeotenyProgram.Run("train", config).Succeeded();
        Assert.Contains("Downloading acme/tiny: ", trained.Error);
        Assert.Equal("acme/tiny", (string?)JsonNode.Parse(File.ReadAllText(workspace.At("from-hub/adapter_config.json")))!["base_model_name_or_path"]);

        Environment.SetEnvironmentVariable("HF_HUB_OFFLINE", "1");
        var asked = hub.Requests.Count;
        var answer = NeotenyProgram.Run("generate", workspace.At("from-hub"), "--prompt", "What is 3 and 3?", "--chat", "--max-new-tokens", "4").Succeeded();
        Assert.NotEqual("", answer.Output);
        Assert.Equal(asked, hub.Requests.Count);
    }

    [Fact]
    public void A_dataset_is_named_by_its_id_and_split()
    {
        using var data = new FakeHub { Repository = "acme/talks" };
        data.Files["data/validation.jsonl"] = "{}"u8.ToArray();
        data.Files["data/train.jsonl"] = File.ReadAllBytes(workspace.Data);
        Environment.SetEnvironmentVariable("HF_ENDPOINT", data.Endpoint.ToString());
        var config = workspace.Config("data-hub", ("datasets", "[{ path: acme/talks, type: chat_template, split: train }]"), ("max_steps", "1"));
        Assert.Contains("Training data: 24 documents from 24 records", NeotenyProgram.Run("train", config).Succeeded().Error);
        Assert.Empty(data.Downloads("data/validation.jsonl"));
    }

    [Fact]
    public void Two_programs_download_one_model_together()
    {
        using var one = NeotenyProgram.Start("download", "acme/tiny");
        using var other = NeotenyProgram.Start("download", "acme/tiny");
        var folders = new[] { one.Wait().Succeeded().Output.Trim(), other.Wait().Succeeded().Output.Trim() };
        Assert.Equal(folders[0], folders[1]);
        Assert.Single(hub.Downloads("model.safetensors"));
        using var weights = CheckpointReader.Open(folders[0]);
        Assert.NotEmpty(weights.Names);
    }

    [Fact]
    public void What_the_hub_lacks_names_the_key_and_the_folder_that_was_meant()
    {
        Directory.CreateDirectory(workspace.At("acme/tiny-local"));
        var config = workspace.Config("absent", ("base_model", "acme/tiny-locl"));
        NeotenyProgram.Run("train", config).Refused(2,
            $"{config}:1:13: base_model: There is no model 'acme/tiny-locl' on 127.0.0.1, or it is private and HF_TOKEN is not set. Check the name. "
            + $"There is no folder {Path.GetFullPath("acme/tiny-locl")} either.");
        Environment.SetEnvironmentVariable("HF_HUB_OFFLINE", "1");
        NeotenyProgram.Run("chat", "acme/other").Refused(2,
            $"acme/other is not in {Path.Combine(Environment.GetEnvironmentVariable("HF_HOME")!, "hub", "models--acme--other")}, and nothing may be downloaded while HF_HUB_OFFLINE "
            + "(or TRANSFORMERS_OFFLINE) is set. Unset it, or download it where there is a network and copy the folder.");
    }
}
