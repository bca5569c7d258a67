using Neoteny.Core.Tests.Tokenizers;
using Neoteny.Models.ChatTemplates;
using Neoteny.Models.Tokenizers;

namespace Neoteny.Core.Tests.ChatTemplates;

/// <summary>Small tokenizers with the special tokens of each named template.</summary>
internal static class ChatTokenizers
{
    private static readonly Dictionary<string, (string[] Special, string? Bos, string? Eos)> Families = new()
    {
        ["chatml"] = (["<|im_start|>", "<|im_end|>"], null, "<|im_end|>"),
        ["qwen_25"] = (["<|im_start|>", "<|im_end|>"], null, "<|im_end|>"),
        ["qwen3"] = (["<|im_start|>", "<|im_end|>"], null, "<|im_end|>"),
        ["llama3"] = (["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], "<|begin_of_text|>", "<|eot_id|>"),
        ["mistral"] = (["<s>", "</s>", "[INST]", "[/INST]"], "<s>", "</s>"),
        ["mistral_v1"] = (["<s>", "</s>"], "<s>", "</s>"),
        ["mistral_v3_tekken"] = (["<s>", "</s>", "[INST]", "[/INST]"], "<s>", "</s>"),
        ["gemma"] = (["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"], "<bos>", "<eos>"),
        ["phi_3"] = (["<s>", "<|endoftext|>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"], "<s>", "<|endoftext|>"),
        ["phi_4"] = (["<|im_start|>", "<|im_sep|>", "<|im_end|>"], null, "<|im_end|>"),
        ["deepseek_v2"] = (["<｜begin▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"], "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
        ["deepseek_v3"] = (["<｜begin▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"], "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
        ["gemma3"] = (["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"], "<bos>", "<eos>"),
        ["mistral_v2v3"] = (["<s>", "</s>", "[INST]", "[/INST]"], "<s>", "</s>"),
        ["mistral_v7_tekken"] = (["<s>", "</s>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"], "<s>", "</s>"),
        ["olmo2"] = (["<|endoftext|>"], "<|endoftext|>", "<|endoftext|>"),
        ["phi_35"] = (["<|endoftext|>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"], null, "<|endoftext|>"),
        ["gpt_oss"] = (["<|start|>", "<|message|>", "<|channel|>", "<|end|>", "<|return|>"], null, "<|return|>"),
        ["zephyr"] = (["<s>", "</s>"], "<s>", "</s>"),
        ["alpaca"] = (["<s>", "</s>"], "<s>", "</s>"),
    };

    public static Tokenizer For(string template) => Make(Families[template].Special, Families[template].Bos, Families[template].Eos);

    public static Tokenizer Make(string[] special, string? bos, string? eos)
    {
        using var folder = new TemporaryFolder();
        BpeTrainer.Train(TextSamples.Words(500, 1).Append("question answer system user assistant ask reply "), 256 + special.Length + 60, special)
            .Save(folder.Path, new TokenizerMetadata { BosToken = bos, EosToken = eos, ModelMaxLength = 512 });
        return Tokenizer.Load(folder.Path);
    }

    /// <summary>The runs of trained tokens, each as text.</summary>
    public static string[] TrainedRuns(Tokenizer tokenizer, EncodedChat chat)
    {
        var runs = new List<string>();
        for (var i = 0; i < chat.Ids.Length; i++)
        {
            if (!chat.Trained[i])
                continue;
            var start = i;
            while (i + 1 < chat.Ids.Length && chat.Trained[i + 1])
                i++;
            runs.Add(tokenizer.Decode(chat.Ids.AsSpan(start, i + 1 - start), skipSpecialTokens: false));
        }

        return [.. runs];
    }
}
