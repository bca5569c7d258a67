using Neoteny.Models.ChatTemplates;
using Neoteny.Models.Tokenizers;

namespace Neoteny.Core.Tests.Tokenizers;

public class BpeTrainerTests
{
    private static readonly string[] Special = ["<|bos|>", "<|eot|>", "<|pad|>"];

    [Fact]
    public void The_most_frequent_pair_joins_first_and_ties_go_to_the_smaller_ids()
    {
        var trained = BpeTrainer.Train(["abab cdcd"], 259, []);
        Assert.Equal(["ab", "cd"], trained.Tokens.Skip(256).Take(2));
        Assert.Equal(["ab", "Ġab"], BpeTrainer.Train(["abab abab ab"], 300, []).Tokens.Skip(256));
    }

    [Fact]
    public void Pairs_that_occur_once_are_not_learned() => Assert.Equal(256, BpeTrainer.Train(["xyz"], 300, []).Length);

    [Fact]
    public void The_same_text_gives_the_same_vocabulary()
    {
        var texts = TextSamples.Words(2000, 7).ToArray();
        Assert.Equal(BpeTrainer.Train(texts, 400, Special).Tokens, BpeTrainer.Train(texts, 400, Special).Tokens);
    }

    [Fact]
    public void A_saved_folder_loads_with_its_roles_template_and_beginning_of_text()
    {
        using var folder = new TemporaryFolder();
        var metadata = new TokenizerMetadata
        {
            BosToken = "<|bos|>",
            EosToken = "<|eot|>",
            PadToken = "<|pad|>",
            AddsBos = true,
            ModelMaxLength = 512,
            ChatTemplate = "{% for message in messages %}{{ message.content + eos_token }}{% endfor %}",
        };
        var trained = BpeTrainer.Train(TextSamples.Words(3000, 3), 400, Special);
        trained.Save(folder.Path, metadata);
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal((397, 400), (tokenizer.VocabularySize, tokenizer.Length));
        Assert.Equal((397, 398, 399), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
        Assert.Equal(397, tokenizer.Encode("hello world", addSpecialTokens: true)[0]);
        Assert.Equal("hello wörld 😀\n", tokenizer.Decode(tokenizer.Encode("hello wörld 😀\n", addSpecialTokens: true), skipSpecialTokens: true));
        Assert.Equal("hi<|eot|>", ChatTemplate.Load(folder.Path).Render([new ChatMessage("user", "hi")], addGenerationPrompt: false));
    }

    [Fact]
    public void Copying_carries_every_file_unchanged()
    {
        using var from = new TemporaryFolder();
        using var to = new TemporaryFolder();
        BpeTrainer.Train(["aa aa"], 260, Special).Save(from.Path, new TokenizerMetadata { ModelMaxLength = 8 });
        File.WriteAllText(Path.Combine(from.Path, "chat_template.jinja"), "{{ messages }}\n\n");
        File.WriteAllText(Path.Combine(from.Path, "model.safetensors"), "not a tokenizer file");
        Tokenizer.Load(from.Path).CopyTo(to.Path);
        Assert.Equal(
            ["chat_template.jinja", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"],
            Directory.EnumerateFiles(to.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.All(Directory.EnumerateFiles(to.Path), path =>
            Assert.Equal(File.ReadAllBytes(Path.Combine(from.Path, Path.GetFileName(path))), File.ReadAllBytes(path)));
    }

    [Fact]
    public void A_vocabulary_without_room_is_refused()
    {
        var error = Assert.Throws<InputException>(() => BpeTrainer.Train(["a"], 258, Special));
        Assert.Equal("A vocabulary of 258 tokens has no room for 256 bytes and 3 special tokens. Ask for at least 259.", error.Message);
    }

    [Fact]
    public void A_role_that_is_no_special_token_is_refused()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<InputException>(() => BpeTrainer.Train(["a"], 300, Special)
            .Save(folder.Path, new TokenizerMetadata { EosToken = "</s>", ModelMaxLength = 8 }));
        Assert.Equal("'</s>' is not among the special tokens (<|bos|>, <|eot|>, <|pad|>). Train with it.", error.Message);
    }
}
