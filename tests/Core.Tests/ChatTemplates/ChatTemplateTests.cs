using System.Text.Json;
using Neoteny.Core.Tests.Tokenizers;
using Neoteny.Models.ChatTemplates;

namespace Neoteny.Core.Tests.ChatTemplates;

public class ChatTemplateTests
{
    private static readonly ChatMessage[] Talk = [new("user", "hi"), new("assistant", "yo")];

    [Fact]
    public void An_unknown_name_is_refused_with_those_there_are()
    {
        var error = Assert.Throws<InputException>(() => ChatTemplate.Named("chatmml"));
        Assert.Equal(
            "There is no chat template 'chatmml'. There are alpaca, chatml, deepseek_v2, deepseek_v3, gemma, gemma3, glm4, gpt_oss, llama3, mistral, mistral_v1, " +
            "mistral_v2v3, mistral_v3_tekken, mistral_v7_tekken, olmo2, phi_3, phi_35, phi_4, qwen3, qwen_25, smollm3, zephyr.",
            error.Message);
    }

    [Theory]
    [InlineData("chatml", "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nyo<|im_end|>\n")]
    [InlineData("llama3", "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nyo<|eot_id|>")]
    [InlineData("mistral", "<s>[INST] hi[/INST] yo</s>")]
    [InlineData("mistral_v1", "<s>[INST] hi [/INST] yo</s>")]
    [InlineData("mistral_v3_tekken", "<s>[INST]hi[/INST]yo</s>")]
    [InlineData("gemma", "<bos><start_of_turn>user\nhi<end_of_turn>\n<start_of_turn>model\nyo<end_of_turn>\n")]
    [InlineData("gemma3", "<bos><start_of_turn>user\nhi<end_of_turn>\n<start_of_turn>model\nyo<end_of_turn>\n")]
    [InlineData("mistral_v2v3", "<s>[INST] hi[/INST] yo</s>")]
    [InlineData("mistral_v7_tekken", "<s>[INST]hi[/INST]yo</s>")]
    [InlineData("olmo2", "<|endoftext|><|user|>\nhi\n<|assistant|>\nyo<|endoftext|>")]
    [InlineData("phi_35", "<|user|>\nhi<|end|>\n<|assistant|>\nyo<|end|>\n<|endoftext|>")]
    [InlineData("phi_3", "<s><|user|>\nhi<|end|>\n<|assistant|>\nyo<|end|>\n")]
    [InlineData("phi_4", "<|im_start|>user<|im_sep|>hi<|im_end|><|im_start|>assistant<|im_sep|>yo<|im_end|>")]
    [InlineData("glm4", "[gMASK]<sop><|user|>\nhi<|assistant|>\nyo")]
    [InlineData("deepseek_v3", "<｜begin▁of▁sentence｜><｜User｜>hi<｜Assistant｜>yo<｜end▁of▁sentence｜>")]
    public void A_named_template_writes_a_conversation(string name, string expected) =>
        Assert.Equal(expected, ChatTemplate.Named(name).Render(Talk, addGenerationPrompt: false));

    [Theory]
    [InlineData("mistral_v7_tekken", "<s>[SYSTEM_PROMPT]be kind[/SYSTEM_PROMPT][INST]hi[/INST]")]
    [InlineData("gemma3", "<bos><start_of_turn>user\nbe kind\n\nhi<end_of_turn>\n<start_of_turn>model\n")]
    [InlineData("olmo2", "<|endoftext|><|system|>\nbe kind\n<|user|>\nhi\n<|assistant|>\n")]
    [InlineData("glm4", "[gMASK]<sop><|system|>\nbe kind<|user|>\nhi<|assistant|>")]
    [InlineData("phi_35", "<|system|>\nbe kind<|end|>\n<|user|>\nhi<|end|>\n<|assistant|>\n")]
    public void A_named_template_frames_a_system_message_and_asks_for_an_answer(string name, string expected) =>
        Assert.Equal(expected, ChatTemplate.Named(name).Render([new("system", "be kind"), Talk[0]], addGenerationPrompt: true));

    [Fact]
    public void Harmony_opens_with_its_channels_and_the_date_and_ends_the_last_turn_otherwise()
    {
        var template = ChatTemplate.Named("gpt_oss").At(new FixedClock(new DateTimeOffset(2025, 8, 6, 0, 0, 0, TimeSpan.Zero)));
        var opening = "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: 2024-06\nCurrent date: 2025-08-06\n\n"
            + "Reasoning: medium\n\n# Valid channels: analysis, commentary, final. Channel must be included for every message.<|end|>";
        ChatMessage[] talk = [new("system", "be kind"), .. Talk, .. Talk];
        var expected = opening + "<|start|>developer<|message|># Instructions\n\nbe kind\n\n<|end|><|start|>user<|message|>hi<|end|>"
            + "<|start|>assistant<|channel|>final<|message|>yo<|end|><|start|>user<|message|>hi<|end|>";
        Assert.Equal(expected + "<|start|>assistant<|channel|>final<|message|>yo<|return|>", template.Render(talk, addGenerationPrompt: false));
        Assert.Equal(expected + "<|start|>assistant", template.Render(talk[..^1], addGenerationPrompt: true));
        var thinking = talk[^1] with { Fields = new Dictionary<string, object?> { ["thinking"] = "hm" } };
        Assert.EndsWith("<|start|>assistant<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>yo<|return|>",
            template.Render([.. talk[..^1], thinking], addGenerationPrompt: false));
        Assert.Contains("Reasoning: high", template.With(new Dictionary<string, object?> { ["reasoning_effort"] = "high" }).Render(talk, false));
    }

    [Theory]
    [InlineData("", "/think", "You are a helpful AI assistant named SmolLM, trained by Hugging Face. Your role as", "yo")]
    [InlineData("be kind /no_think", "/no_think", "be kind\n\n<|im_end|>", "<think>\n\n</think>\nyo")]
    [InlineData("/no_think", "/no_think", "You are a helpful AI assistant named SmolLM, trained by Hugging Face.\n\n<|im_end|>", "<think>\n\n</think>\nyo")]
    public void SmolLM_3_opens_with_the_date_and_the_mode_that_the_system_message_chooses(string system, string mode, string instructions, string answer)
    {
        var template = ChatTemplate.Named("smollm3").At(new FixedClock(new DateTimeOffset(2025, 8, 6, 0, 0, 0, TimeSpan.Zero)));
        ChatMessage[] talk = system.Length == 0 ? Talk : [new("system", system), .. Talk];
        var text = template.Render(talk, addGenerationPrompt: true);
        Assert.StartsWith("<|im_start|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\nToday Date: 06 August 2025\nReasoning Mode: "
            + $"{mode}\n\n## Custom Instructions\n\n{instructions}", text, StringComparison.Ordinal);
        Assert.EndsWith($"\n\n<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>\n<|im_start|>assistant\n{answer[..^2]}", text, StringComparison.Ordinal);
        var off = template.With(new Dictionary<string, object?> { ["enable_thinking"] = false }).Render(Talk, addGenerationPrompt: true);
        Assert.EndsWith("<|im_start|>assistant\n<think>\n\n</think>\n", off, StringComparison.Ordinal);
    }

    [Fact]
    public void SmolLM_3_and_GLM_4_list_tools_as_their_models_know_them()
    {
        using var tools = JsonDocument.Parse("""[{"type": "function", "function": {"name": "f", "description": "é"}}]""");
        var variables = new Dictionary<string, object?> { ["tools"] = tools.RootElement };
        ChatMessage[] answered = [Talk[0], new("tool", "42")];
        Assert.Contains("### Tools\n\nYou may call one or more functions to assist with the user query.\nYou are provided with function signatures within <tools></tools> XML tags:\n\n"
            + "<tools>\n{'type': 'function', 'function': {'name': 'f', 'description': 'é'}}\n</tools>\n\n", ChatTemplate.Named("smollm3").With(variables).Render(answered, false));
        Assert.Equal("<|im_start|>system\nbe kind<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n",
            ChatTemplate.Named("smollm3").With(variables).Render([new("system", "be kind /system_override"), Talk[0]], false));
        Assert.Equal("[gMASK]<sop><|system|>\n# 可用工具\n\n## f\n\n{\n    \"name\": \"f\",\n    \"description\": \"é\"\n}\n在调用上述函数时，请使用 Json 格式表示调用的参数。"
            + "<|user|>\nhi<|observation|>\n42", ChatTemplate.Named("glm4").With(variables).Render(answered, false));
    }

    [Fact]
    public void A_template_knows_the_tokens_of_every_role()
    {
        using var folder = new TemporaryFolder();
        folder.Write("special_tokens_map.json", """{"mask_token": "<mask>", "sep_token": {"content": "<sep>"}, "bos_token": "<old>"}""");
        folder.Write("tokenizer_config.json", """{"bos_token": "<s>", "cls_token": null, "extra_special_tokens": {"image_token": "<img>"}}""");
        folder.Write("tokenizer.json", TokenizerFolders.Bytes().ToJsonString());
        folder.Write("chat_template.jinja", "{{ bos_token }}{{ sep_token }}{{ mask_token }}{{ image_token }}{{ cls_token is defined }}");
        Assert.Equal("<s><sep><mask><img>False", ChatTemplate.Load(folder.Path).Render(Talk, false));
        var tokenizer = Neoteny.Models.Tokenizers.Tokenizer.Load(folder.Path);
        Assert.Equal("<s><sep><mask><img>False", ChatTemplate.Parse("{{ bos_token }}{{ sep_token }}{{ mask_token }}{{ image_token }}{{ cls_token is defined }}").WithTokensOf(tokenizer).Render(Talk, false));
        Assert.Equal((267, 268), (tokenizer.IdOf("<sep>"), tokenizer.IdOf("<img>")));
        Assert.Contains(268, tokenizer.SpecialIds);
    }

    [Theory]
    [InlineData("a\n{% if x %}", "chat template, line 2: 'if' is not closed with 'endif'.")]
    [InlineData("a\n\n{{ 1 + }}", "chat template, line 3: expected a value, found '}}'.")]
    [InlineData("{{ x | nope }}", "chat template, line 1: there is no filter 'nope'. Known are abs, batch,")]
    [InlineData("{% include 'x' %}", "chat template, line 1: there is no tag 'include'. Known are break,")]
    [InlineData("\n{% endfor %}", "chat template, line 2: 'endfor' closes nothing.")]
    [InlineData("{{ 'a", "chat template, line 1: this text is not closed.")]
    [InlineData("{# a", "chat template, line 1: this comment is not closed with '#}'.")]
    [InlineData("{% break %}", "chat template, line 1: 'break' and 'continue' belong inside a for loop.")]
    public void A_malformed_template_is_refused_with_its_line(string template, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<InputException>(() => ChatTemplate.Parse(template)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("\n{{ messages[0].missing.more }}", "chat template, line 2: the mapping has no member 'missing', so it has no member 'more'.")]
    [InlineData("{{ 1 + 'a' }}", "chat template, line 1: '+' does not apply to a whole number and a text.")]
    [InlineData("{{ nothing + 'a' }}", "chat template, line 1: '+' does not apply to an undefined value ('nothing' is undefined) and a text.")]
    [InlineData("a\nb\n{{ raise_exception('not today') }}", "chat template, line 3: the template refuses this conversation: not today")]
    [InlineData("{% set messages.x = 1 %}", "chat template, line 1: 'messages' is not a namespace, so its member 'x' cannot be set. Make it with namespace().")]
    public void A_failing_template_names_its_line(string template, string expected) =>
        Assert.Equal(expected, Assert.Throws<InputException>(() => ChatTemplate.Parse(template).Render(Talk, false)).Message);

    [Fact]
    public void The_time_is_written_as_strftime_writes_it()
    {
        var clock = new FixedClock(new DateTimeOffset(2024, 7, 6, 5, 4, 3, TimeSpan.Zero));
        var template = ChatTemplate.Parse("{{ strftime_now('%d %b %Y %H:%M:%S %-d %B %A %%') }}");
        Assert.Equal("06 Jul 2024 05:04:03 6 July Saturday %", template.At(clock).Render(Talk, false));
    }

    [Fact]
    public void A_file_of_its_own_wins_over_the_configuration()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer_config.json", """{"chat_template": [{"name": "tools", "template": "t"}, {"name": "default", "template": "d{{ bos_token }}"}], "bos_token": {"content": "<s>"}}""");
        Assert.Equal("d<s>", ChatTemplate.Load(folder.Path).Render(Talk, false));
        folder.Write("chat_template.jinja", "own{{ bos_token }}");
        Assert.Equal("own<s>", ChatTemplate.Load(folder.Path).Render(Talk, false));
    }

    [Fact]
    public void A_message_keeps_what_else_it_says()
    {
        var message = ChatMessage.Read(JsonDocument.Parse("""{"role": "assistant", "content": null, "training": false, "tool_calls": [{"a": 1}]}""").RootElement);
        Assert.Equal(("assistant", null, false), (message.Role, message.Content, message.Training!.Value));
        Assert.Equal("[{\"a\": 1}] None", ChatTemplate.Parse("{{ messages[0].tool_calls | tojson }} {{ messages[0].content }}").Render([message], false));
        Assert.Equal(
            "A chat message is an object with a 'role' (a text) and a 'content'.",
            Assert.Throws<InputException>(() => ChatMessage.Read(JsonDocument.Parse("""{"content": "x"}""").RootElement)).Message);
    }

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => now;
    }
}
