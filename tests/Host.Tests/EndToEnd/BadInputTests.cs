using Neoteny.Host.Plugins;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>Every bad input ends with one message that names the place and the remedy.</summary>
public sealed class BadInputTests(Workspace workspace) : IClassFixture<Workspace>
{
    [Fact]
    public void A_missing_model_folder() => Train(("base_model", workspace.At("absent"))).Refused(2,
        $"{workspace.At("bad.yml")}:1:13: base_model: there is no folder {workspace.At("absent")}. Name one with config.json, the weights (*.safetensors) and the tokenizer.");

    [Fact]
    public void Truncated_weights()
    {
        var model = workspace.CopyModel("truncated");
        var weights = Path.Combine(model, "model.safetensors");
        using (var file = File.OpenWrite(weights))
            file.SetLength(100_000);

        Train(("base_model", model)).Refused(2, $"{weights} is not a valid safetensors file: tensor 'model.embed_tokens.weight' lies at bytes 80000 to 160000, "
            + "but the file holds 97856 bytes of data: it is truncated. Download or write the file again.");
    }

    [Fact]
    public void Weights_of_another_shape()
    {
        var model = workspace.CopyModel("misshapen");
        var config = Path.Combine(model, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"intermediate_size\": 40", "\"intermediate_size\": 48"));

        Train(("base_model", model)).Refused(2,
            $"{model}: 6 tensors have other shapes than config.json calls for: 'model.layers.0.mlp.gate_proj.weight' [40, 32] instead of [48, 32], "
            + "'model.layers.0.mlp.up_proj.weight' [40, 32] instead of [48, 32], 'model.layers.0.mlp.down_proj.weight' [32, 40] instead of [32, 48], "
            + "'model.layers.1.mlp.gate_proj.weight' [40, 32] instead of [48, 32], 'model.layers.1.mlp.up_proj.weight' [40, 32] instead of [48, 32], "
            + "'model.layers.1.mlp.down_proj.weight' [32, 40] instead of [32, 48]. config.json belongs to another model.");
    }

    [Fact]
    public void An_unknown_key_and_a_wrong_type_are_reported_together() =>
        Train(("learning_rat", "1"), ("max_steps", "many")).Refused(2,
        $"{workspace.At("bad.yml")}:5:12: max_steps: expected a whole number, found 'many'\n"
        + $"{workspace.At("bad.yml")}:10:1: unknown key 'learning_rat'; did you mean 'learning_rate'?");

    [Fact]
    public void A_missing_dataset_file() => Train(("datasets", $"[{{ path: {workspace.At("absent.jsonl")}, type: alpaca }}]")).Refused(2,
        $"There is no dataset file or folder at {workspace.At("absent.jsonl")}. Give the path of a JSONL or parquet file or of a folder with such files, or an id of the hub: org/name.");

    [Fact]
    public void A_malformed_line_is_named_by_file_and_line()
    {
        var data = workspace.Write("malformed.jsonl", "{\"text\": \"a b c\"}\n{\"text\": \"a b c\"\n");

        Train(("datasets", $"[{{ path: {data}, type: completion }}]")).Refused(2, $"{data}:2: is not valid JSON (near byte 17): Expected depth to be zero at the end "
            + "of the JSON payload. There is an open JSON object or array that should be closed. Each line must be one complete JSON object.");
    }

    [Fact]
    public void An_empty_dataset() => Train(("datasets", $"[{{ path: {workspace.Write("empty.jsonl", "")}, type: completion }}]")).Refused(2,
        $"The dataset {workspace.At("empty.jsonl")} is empty. Put at least one record into it.");

    [Fact]
    public void A_record_longer_than_the_sequence_length() => Train(("sequence_len", "16"), ("excess_length_strategy", "raise")).Refused(2,
        $"{workspace.Data}:1: has 56 tokens, but sequence_len is 16. Raise sequence_len, shorten the record, or set excess_length_strategy to drop or truncate.");

    [Fact]
    public void An_output_folder_that_cannot_be_written()
    {
        var file = workspace.Write("file", "");

        Train(("output_dir", Path.Combine(file, "out"))).Refused(2,
            $"output_dir {file}/out cannot be written: Could not find a part of the path '{file}/out'. Choose another folder, or change its permissions.");
    }

    [Fact]
    public void A_plugin_that_is_not_installed() => NeotenyProgram.RunApart("train", workspace.Config("bad", ("plugins", "[FlashAttention]"))).Refused(2,
        $"{workspace.At("bad.yml")}:10:11: plugins: the plugin 'FlashAttention' is not installed; installed: {Installed()}; another one is installed with: neoteny plugins install FlashAttention "
        + $"(searched {string.Join(", ", PluginFolders.Resolve([])).Replace(AppContext.BaseDirectory, Path.GetDirectoryName(NeotenyProgram.File) + "/")})");

    [Fact]
    public void A_kernel_that_no_plugin_provides()
    {
        var result = Train(("attn_implementation", "flash_attention_9"));

        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith($"error: {workspace.At("bad.yml")}:10:22: attn_implementation: no installed plugin provides attention 'flash_attention_9'; installed: eager, ", result.Error);
    }

    [Fact]
    public void Generating_from_a_folder_without_a_model()
    {
        Directory.CreateDirectory(workspace.At("nothing"));

        NeotenyProgram.Run("generate", workspace.At("nothing"), "--prompt", "x").Refused(2,
            $"'{workspace.At("nothing")}' is neither a model folder (config.json is missing) nor an adapter's (adapter_config.json is missing). Check the path.");
    }

    [Fact]
    public void Merging_a_model_without_an_adapter() => NeotenyProgram.Run("merge-lora", workspace.Model).Refused(2,
        $"{workspace.Model} leads to no adapter to merge. Name the folder that training wrote the adapter to, or its configuration.");

    [Fact]
    public void Merging_into_a_folder_that_is_something_else()
    {
        var occupied = Path.GetDirectoryName(workspace.Model)!;
        var adapter = Workspace.Fixture("lora/llama-all-linear");
        Directory.CreateDirectory(workspace.At("occupied"));
        workspace.Write("occupied/notes.txt", "mine");

        NeotenyProgram.Run("merge-lora", workspace.Model, "--adapter", adapter, "--output", occupied).Refused(
            2, $"{occupied} cannot be replaced by the merged model: it holds {workspace.Model}, which the model is made from. Choose another --output.");
        NeotenyProgram.Run("merge-lora", workspace.Model, "--adapter", adapter, "--output", workspace.At("occupied")).Refused(
            2, $"{workspace.At("occupied")} exists and is no model. Choose another --output, or remove it first.");
        Assert.Equal("mine", File.ReadAllText(workspace.At("occupied/notes.txt")));
    }

    [Fact]
    public void Verbose_adds_the_stack_trace()
    {
        var result = NeotenyProgram.Run("train", workspace.Config("bad", ("base_model", workspace.At("absent"))), "--verbose");

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("   at Neoteny.", result.Error);
    }

    private static string Installed() =>
        string.Join(", ", Directory.EnumerateDirectories(Path.Combine(Path.GetDirectoryName(NeotenyProgram.File)!, "plugins")).Select(Path.GetFileName).Order());

    private ProgramResult Train(params (string, string?)[] changes) => NeotenyProgram.Run("train", workspace.Config("bad", changes));
}
