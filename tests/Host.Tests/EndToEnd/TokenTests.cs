using System.Text.Json.Nodes;
using Neoteny.Models.Adapters;
using Neoteny.Models.Checkpoints;
using Neoteny.Models.Tokenizers;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>Runs that add tokens to a model.</summary>
public sealed class TokenTests(Workspace workspace) : IClassFixture<Workspace>
{
    private const string Whole = "[embed_tokens, lm_head]";

    [Fact]
    public void A_full_run_writes_the_larger_model_and_the_tokenizer_that_fits_it()
    {
        var config = workspace.Config("tokens-full", ("special_tokens", "{ pad_token: <|fill|> }"), ("tokens", "[<|tool|>]"), ("resize_token_embeddings_to_32x", "true"), ("max_shard_size", "30kB"));
        Assert.Contains("The embedding grows from 625 to 640 rows for the tokenizer's 627 tokens", NeotenyProgram.Run("train", config).Succeeded().Error);
        var tokenizer = Tokenizer.Load(workspace.At("tokens-full"));
        Assert.Equal((625, 626), (tokenizer.PadId, tokenizer.IdOf("<|tool|>")));
        var json = JsonNode.Parse(File.ReadAllText(workspace.At("tokens-full/config.json")))!;
        Assert.Equal((640, 625), ((int)json["vocab_size"]!, (int)json["pad_token_id"]!));
        using var checkpoint = CheckpointReader.Open(workspace.At("tokens-full"));
        Assert.Equal(640, checkpoint.Shape("model.embed_tokens.weight")[0]);
        Assert.True(Directory.GetFiles(workspace.At("tokens-full"), "model-*-of-*.safetensors").Length > 1);
        Assert.NotEqual("", NeotenyProgram.Run("generate", workspace.At("tokens-full"), "--prompt", "<|tool|>", "--max-new-tokens", "3").Succeeded().Output);
    }

    [Fact]
    public void New_tokens_need_the_embeddings_trained_beside_an_adapter()
        => NeotenyProgram.Run("train", workspace.Config("tokens-refused", [.. Workspace.Lora, ("tokens", "[<|tool|>]")])).Refused(2,
            $"{workspace.At("tokens-refused.yml")}:15:9: tokens: '<|tool|>' is new to this model, and an adapter alone leaves the embeddings of new tokens untrained. "
            + "Set lora_modules_to_save: [embed_tokens, lm_head], or use tokens that the model has.");

    [Fact]
    public void An_adapter_with_embeddings_of_its_own_answers_goes_on_training_and_merges()
    {
        (string, string?)[] keys = [.. Workspace.Lora, ("tokens", "[<|tool|>]"), ("lora_modules_to_save", Whole)];
        NeotenyProgram.Run("train", workspace.Config("tokens-lora", keys)).Succeeded();
        Assert.Equal(626, AdapterFolder.EmbeddingRows(workspace.At("tokens-lora")));
        Assert.Equal(["embed_tokens", "lm_head"], JsonNode.Parse(File.ReadAllText(workspace.At("tokens-lora/adapter_config.json")))!["modules_to_save"]!.AsArray().Select(n => (string?)n));

        // The adapter's folder alone tells of the added token.
        string[] prompt = ["--prompt", "What is 3 and 3?", "--chat", "--max-new-tokens", "8"];
        var adapted = NeotenyProgram.Run(["generate", workspace.At("tokens-lora"), .. prompt]).Succeeded();
        NeotenyProgram.Run("merge-lora", workspace.At("tokens-lora"), "--max-shard-size", "40kB").Succeeded();
        Assert.True(Directory.GetFiles(workspace.At("tokens-lora/merged"), "model-*-of-*.safetensors").Length > 1);
        Assert.Equal(626, (int)JsonNode.Parse(File.ReadAllText(workspace.At("tokens-lora/merged/config.json")))!["vocab_size"]!);
        Assert.Equal(adapted.Output, NeotenyProgram.Run(["generate", workspace.At("tokens-lora/merged"), .. prompt]).Succeeded().Output);

        var further = workspace.Config("tokens-further", [.. keys, ("lora_model_dir", workspace.At("tokens-lora"))]);
        NeotenyProgram.Run("train", further).Succeeded();
        Assert.True(workspace.Losses("tokens-further")[0] < workspace.Losses("tokens-lora")[0]);
    }
}
