using System.Text.Json;
using Neoteny.Models.ChatTemplates;
using Neoteny.Models.Tokenizers;

namespace Neoteny.Core.Tests.ChatTemplates;

public class ChatEncoderTests
{
    private static readonly ChatMessage[] Talk =
        [new("user", "ask one"), new("assistant", "reply one"), new("user", "ask two"), new("assistant", "reply two")];

    public static TheoryData<string, string> Endings => new()
    {
        { "chatml", "<|im_end|>" }, { "qwen_25", "<|im_end|>" }, { "llama3", "<|eot_id|>" }, { "mistral", "</s>" },
        { "mistral_v1", "</s>" }, { "mistral_v3_tekken", "</s>" }, { "gemma", "<end_of_turn>" }, { "phi_3", "<|end|>" }, { "phi_4", "<|im_end|>" },
        { "deepseek_v2", "<｜end▁of▁sentence｜>" }, { "deepseek_v3", "<｜end▁of▁sentence｜>" }, { "zephyr", "</s>" }, { "alpaca", "</s>" },
        { "gemma3", "<end_of_turn>" }, { "mistral_v2v3", "</s>" }, { "mistral_v7_tekken", "</s>" }, { "olmo2", "<|endoftext|>" },
    };

    [Theory]
    [MemberData(nameof(Endings))]
    public void Replies_and_the_tokens_that_end_them_are_trained_and_nothing_else(string name, string end)
    {
        var (tokenizer, chat) = Encode(name, Talk, new ChatTraining());
        var blank = name is "mistral" or "mistral_v2v3" or "mistral_v1" ? " " : "";
        Assert.Equal([blank + "reply one" + end, blank + "reply two" + end], ChatTokenizers.TrainedRuns(tokenizer, chat));
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public void A_system_message_is_never_trained(string name, string end)
    {
        var (tokenizer, chat) = Encode(name, [new ChatMessage("system", "system rules"), .. Talk[..2]], new ChatTraining());
        Assert.Equal(["reply one" + end], ChatTokenizers.TrainedRuns(tokenizer, chat).Select(run => run.TrimStart()));
    }

    [Fact]
    public void Harmony_trains_the_channel_and_the_token_that_ends_each_turn()
    {
        var (tokenizer, chat) = Encode("gpt_oss", Talk, new ChatTraining());
        const string Header = "<|channel|>final<|message|>";
        Assert.Equal([$"{Header}reply one<|end|>", $"{Header}reply two<|return|>"], ChatTokenizers.TrainedRuns(tokenizer, chat));
    }

    [Fact]
    public void The_end_of_a_conversation_behind_its_last_turn_is_trained_with_it()
    {
        var (tokenizer, chat) = Encode("phi_35", Talk, new ChatTraining());
        Assert.Equal(["reply one<|end|>", "reply two<|end|>\n<|endoftext|>"], ChatTokenizers.TrainedRuns(tokenizer, chat));
    }

    [Fact]
    public void Thoughts_that_a_template_drops_from_earlier_turns_do_not_move_the_bounds()
    {
        ChatMessage[] talk =
            [new("user", "ask one"), new("assistant", "<think>\nhm\n</think>\n\nreply one"), new("user", "ask two"), new("assistant", "<think>\nso\n</think>\n\nreply two")];
        var (tokenizer, chat) = Encode("qwen3", talk, new ChatTraining());
        Assert.Equal(["reply one<|im_end|>", "<think>\nso\n</think>\n\nreply two<|im_end|>"], ChatTokenizers.TrainedRuns(tokenizer, chat));
    }

    [Theory]
    [InlineData(EndTokenTraining.Turn, "reply one<|im_end|>", "reply two<|im_end|>")]
    [InlineData(EndTokenTraining.None, "reply one", "reply two")]
    [InlineData(EndTokenTraining.Last, "reply one", "reply two<|im_end|>")]
    [InlineData(EndTokenTraining.All, "<|im_end|>", "reply one<|im_end|>", "<|im_end|>", "reply two<|im_end|>")]
    public void End_of_sequence_tokens_are_trained_as_asked(EndTokenTraining which, params string[] expected)
    {
        var (tokenizer, chat) = Encode("chatml", Talk, new ChatTraining { TrainOnEos = which });
        Assert.Equal(expected, ChatTokenizers.TrainedRuns(tokenizer, chat));
    }

    [Fact]
    public void End_of_turn_tokens_follow_their_own_setting_where_they_are_not_the_end_of_sequence()
    {
        var (tokenizer, chat) = Encode("gemma", Talk, new ChatTraining { TrainOnEos = EndTokenTraining.Turn, TrainOnEot = EndTokenTraining.None });
        Assert.Equal(["reply one", "reply two"], ChatTokenizers.TrainedRuns(tokenizer, chat));
    }

    [Fact]
    public void A_message_can_be_taken_out_or_put_in_by_itself()
    {
        ChatMessage[] talk = [Talk[0] with { Training = true }, Talk[1] with { Training = false }, Talk[2], Talk[3]];
        var (tokenizer, chat) = Encode("llama3", talk, new ChatTraining());
        Assert.Equal(["ask one<|eot_id|>", "reply two<|eot_id|>"], ChatTokenizers.TrainedRuns(tokenizer, chat));
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public void Other_roles_can_be_trained_without_their_headers(string name, string end)
    {
        var (tokenizer, chat) = Encode(name, Talk, new ChatTraining { RolesToTrain = ["user"] });
        var runs = ChatTokenizers.TrainedRuns(tokenizer, chat);
        Assert.Equal(2, runs.Length);
        Assert.All(runs, run => Assert.DoesNotContain("reply", run, StringComparison.Ordinal));
        Assert.StartsWith("ask two", runs[1].TrimStart(), StringComparison.Ordinal);
        Assert.DoesNotContain("Assistant", runs[1], StringComparison.Ordinal);
        Assert.DoesNotContain("user", runs[1], StringComparison.Ordinal);
        if (name is "chatml" or "llama3" or "gemma")
            Assert.Equal(["ask one" + end, "ask two" + end], runs);
    }

    [Fact]
    public void A_turn_that_only_calls_tools_is_trained_whole()
    {
        var template = ChatTemplate.Parse(
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content or '' }}{% for c in m.tool_calls or [] %}[{{ c.name }}]{% endfor %}<|im_end|>\n{% endfor %}" +
            "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}");
        var call = JsonDocument.Parse("""[{"name": "clock"}]""").RootElement;
        ChatMessage[] talk = [Talk[0], new ChatMessage("assistant", null) { Fields = new Dictionary<string, object?> { ["tool_calls"] = call } }, Talk[2]];
        var tokenizer = ChatTokenizers.For("chatml");
        var chat = new ChatEncoder(tokenizer, template, new ChatTraining()).Encode(talk);
        Assert.Equal(["[clock]<|im_end|>"], ChatTokenizers.TrainedRuns(tokenizer, chat));
    }

    [Fact]
    public void A_template_without_generation_prompt_still_shows_its_turns()
    {
        var template = ChatTemplate.Parse(
            "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %} {{ m.content }} </s>{% endif %}{% endfor %}");
        var tokenizer = ChatTokenizers.For("mistral_v1");
        var chat = new ChatEncoder(tokenizer, template, new ChatTraining()).Encode(Talk);
        Assert.Equal([" reply one </s>", " reply two </s>"], ChatTokenizers.TrainedRuns(tokenizer, chat));
    }

    [Fact]
    public void A_template_that_hides_its_turns_is_refused_with_the_remedy()
    {
        var template = ChatTemplate.Parse("{{ messages | length }} {% for m in messages %}{{ m.content | upper }}{{ loop.length }}{% endfor %}");
        var encoder = new ChatEncoder(ChatTokenizers.For("chatml"), template, new ChatTraining());
        var error = Assert.Throws<InputException>(() => encoder.Encode(Talk));
        Assert.Equal(
            "The chat template does not show where turn 2 (assistant) begins and ends. Set training: false for this turn, take its role out of " +
            "roles_to_train, or choose a chat_template that writes the content unchanged.",
            error.Message);
    }

    [Fact]
    public void An_unknown_end_of_turn_token_is_refused()
    {
        var error = Assert.Throws<InputException>(() =>
            new ChatEncoder(ChatTokenizers.For("chatml"), ChatTemplate.Named("chatml"), new ChatTraining { EotTokens = ["<|stop|>"] }));
        Assert.Equal("eot_tokens: the tokenizer has no token '<|stop|>'. Take it out, or add it to the tokenizer.", error.Message);
    }

    [Fact]
    public void Tools_are_written_where_the_template_wants_them()
    {
        var template = ChatTemplate.Parse(
            "{% if tools %}tools: {{ tools[0].name }}\n{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
            + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}");
        using var tools = JsonDocument.Parse("""[{"name": "clock"}]""");
        var chat = new ChatEncoder(ChatTokenizers.For("chatml"), template, new ChatTraining()).Encode(Talk, tools.RootElement);
        Assert.StartsWith("tools: clock\n<|im_start|>user", chat.Text, StringComparison.Ordinal);
        Assert.Equal(["reply one<|im_end|>", "reply two<|im_end|>"], ChatTokenizers.TrainedRuns(ChatTokenizers.For("chatml"), chat));
    }

    private static (Tokenizer Tokenizer, EncodedChat Chat) Encode(string name, IReadOnlyList<ChatMessage> messages, ChatTraining training)
    {
        var tokenizer = ChatTokenizers.For(name);
        return (tokenizer, new ChatEncoder(tokenizer, ChatTemplate.Named(name).WithTokensOf(tokenizer), training).Encode(messages));
    }
}
