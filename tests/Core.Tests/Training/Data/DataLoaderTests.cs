using System.Text.Json;
using Neoteny.Core.Tests.Training.Support;
using Neoteny.Models.ChatTemplates;
using Neoteny.Models.Tokenizers;
using Neoteny.Training.Data;
using Neoteny.Training.Options;

namespace Neoteny.Core.Tests.Training.Data;

public sealed class DataLoaderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void An_alpaca_record_trains_the_answer_and_its_end_to_the_token()
    {
        var document = Load("""{"instruction": "Add.", "input": "1 and 2", "output": "3"}""", "alpaca").Single();
        Assert.Equal(
            "^Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately completes "
            + "the request.\n\n### Instruction:\nAdd.\n\n### Input:\n1 and 2\n\n### Response:\n3$",
            CharacterEncoder.Text(document.Ids));
        Assert.Equal("3$", CharacterEncoder.Text(document.Labels).TrimStart('·'));
        Assert.Equal(document.Length, document.Labels.Length);
        Assert.Equal(2, document.TrainedTokens);
    }

    [Theory]
    [InlineData("""{"instruction": "Say {input}.", "output": "x"}""")]
    [InlineData("""{"instruction": "Say {input}.", "input": "", "output": "x"}""")]
    [InlineData("""{"instruction": "Say {input}.", "input": null, "output": "x"}""")]
    public void Without_input_the_shorter_prompt_is_used_and_braces_stay(string record)
        => Assert.Equal(
            "^Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### Instruction:\nSay {input}.\n\n### Response:\nx$",
            CharacterEncoder.Text(Load(record, "alpaca").Single().Ids));

    [Fact]
    public void The_chat_variant_has_its_own_wording()
        => Assert.EndsWith("request.\nUSER: Add.\n1 and 2\nASSISTANT:3$", CharacterEncoder.Text(Load("""{"instruction": "Add.", "input": "1 and 2", "output": "3"}""", "alpaca:chat").Single().Ids));

    [Fact]
    public void Train_on_inputs_trains_the_prompt_too()
    {
        var document = Load("""{"instruction": "Add.", "output": "3"}""", "alpaca", o => o with { TrainOnInputs = true }).Single();
        Assert.Equal(document.Ids, document.Labels);
        Assert.Equal(document.Length - 1, document.TrainedTokens);
    }

    [Fact]
    public void A_style_spelled_out_in_the_file_is_followed()
    {
        var type = new DatasetTypeOptions
        {
            SystemPrompt = "Be brief.",
            SystemFormat = "<{system}>",
            InstructionField = "q",
            OutputField = "a",
            Format = "Q: {instruction} ({input})\nA: ",
            NoInputFormat = "Q: {instruction}\nA: ",
        };
        var document = LoadAll([Dataset("""{"q": "Why?", "a": "So."}""", type)]).Training.Single();
        Assert.Equal("^<Be brief.>Q: Why?\nA: So.$", CharacterEncoder.Text(document.Ids));
        Assert.Equal("So.$", CharacterEncoder.Text(document.Labels).TrimStart('·'));
    }

    [Fact]
    public void A_completion_is_trained_whole_and_long_ones_are_cut_into_pieces()
    {
        var pieces = Load("""{"text": "abcdefghij"}""", "completion", o => o with { SequenceLength = 5 });
        Assert.Equal(["^abcd", "efghi", "j$"], pieces.Select(p => CharacterEncoder.Text(p.Ids)));
        Assert.All(pieces, p => Assert.Equal(p.Ids, p.Labels));
    }

    [Fact]
    public void A_conversation_reaches_the_template_with_its_properties_and_roles_mapped()
    {
        var chat = new Chat();
        var dataset = Dataset("""{"turns": [{"from": "human", "value": "Hi"}, {"from": "model", "value": "Ho", "weight": 1}]}""", "chat_template") with
        {
            MessagesField = "turns",
            MessageProperties = new Dictionary<string, string> { ["role"] = "from", ["content"] = "value" },
            Roles = new Dictionary<string, IReadOnlyList<string>> { ["user"] = ["human"], ["assistant"] = ["gpt", "model"] },
        };
        var document = LoadAll([dataset], chat: chat).Training.Single();
        Assert.Equal([("user", "Hi"), ("assistant", "Ho")], chat.Seen.Select(m => (m.Role, m.Content!)));
        Assert.Equal(1, ((JsonElement)chat.Seen[1].Fields["weight"]!).GetInt32());
        Assert.Equal([1, 2, 3], document.Ids);
        Assert.Equal([-100, 2, 3], document.Labels);
    }

    [Fact]
    public void Messages_say_whether_they_are_trained_and_tools_reach_the_template()
    {
        var chat = new Chat();
        var dataset = Dataset("""
            {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "A", "learn": true}, {"role": "assistant", "content": "B", "learn": false}, {"role": "assistant", "content": "C"}], "functions": [{"name": "f"}]}
            """, "chat_template") with { TrainingField = "learn", ToolsField = "functions", DropsSystemMessage = true };
        LoadAll([dataset], chat: chat);
        Assert.Equal([true, false, null], chat.Seen.Select(m => m.Training));
        Assert.All(chat.Seen, m => Assert.Empty(m.Fields));
        Assert.Equal("""[{"name": "f"}]""", chat.Tools!.Value.GetRawText());
    }

    [Theory]
    [InlineData("""{"messages": "Hi"}""", "the field 'messages' is a text where a list is wanted.")]
    [InlineData("""{"messages": []}""", "the field 'messages' is an empty list; a conversation needs at least one message.")]
    [InlineData("""{"messages": [{"role": "user", "content": "Hi", "training": 1}]}""",
        "message 1 of 'messages': 'training' of a chat message is true or false, not Number.")]
    [InlineData("""{"messages": ["Hi"]}""", "message 1 of 'messages' is a text where an object with role and content is wanted.")]
    [InlineData("""{"messages": [{"from": "human", "value": "Hi"}]}""",
        "message 1 of 'messages' has no role (there are: from, value). Say where it stands with message_property_mappings, for instance 'role: from'.")]
    public void A_malformed_conversation_is_named(string record, string message)
    {
        var dataset = Dataset(record, "chat_template");
        var error = Assert.Throws<InputException>(() => LoadAll([dataset], chat: new Chat()));
        Assert.Equal($"{dataset.Path}:1: {message}", error.Message);
    }

    [Fact]
    public void Long_documents_are_dropped_cut_or_refused_as_asked()
    {
        const string Records = """
            {"instruction": "a", "output": "short"}
            {"instruction": "b", "output": "an answer that is far too long for a row of tokens"}
            """;
        var length = Load(Records.Split('\n')[0], "alpaca").Single().Length;
        var dropped = LoadAll([Dataset(Records, "alpaca")], o => o with { SequenceLength = length });
        Assert.Equal((1, 1, 2), (dropped.Training.Count, dropped.Report!.TooLong, dropped.Report.Records));
        Assert.Equal($"1 documents from 2 records: {length} tokens, 6 of them trained; 1 left out as longer than sequence_len", dropped.Report.ToString());

        var cut = LoadAll([Dataset(Records, "alpaca")], o => o with { SequenceLength = length, ExcessLength = ExcessLengthStrategy.Truncate });
        Assert.Equal([length, length], cut.Training.Select(d => d.Length));

        var dataset = Dataset(Records, "alpaca");
        var error = Assert.Throws<InputException>(() => LoadAll([dataset], o => o with { SequenceLength = length, ExcessLength = ExcessLengthStrategy.Raise }));
        Assert.Equal($"{dataset.Path}:2: has {length + 45} tokens, but sequence_len is {length}. Raise sequence_len, shorten the record, or set excess_length_strategy to "
            + "drop or truncate.", error.Message);
    }

    [Theory]
    [InlineData(0.25, 3)]
    [InlineData(4, 4)]
    [InlineData(0, 0)]
    public void A_part_is_held_out_the_same_one_each_time(double size, int expected)
    {
        var records = string.Join('\n', Enumerable.Range(0, 10).Select(i => $$"""{"text": "{{(char)('a' + i)}}bc"}"""));
        TrainingData Split() => LoadAll([Dataset(records, "completion")], o => o with { ValidationSize = size });
        var (first, second) = (Split(), Split());
        Assert.Equal(expected, first.Evaluation.Count);
        Assert.Equal(10, first.Training.Concat(first.Evaluation).Select(d => d.Ids[1]).Distinct().Count());
        Assert.Equal(first.Evaluation.Select(d => d.Ids[1]), second.Evaluation.Select(d => d.Ids[1]));
    }

    [Fact]
    public void A_split_that_leaves_nothing_is_refused()
    {
        var error = Assert.Throws<InputException>(() => Load("""{"text": "abc"}""", "completion", o => o with { ValidationSize = 3 }));
        Assert.Equal("val_set_size (3) holds out 3 of 1 documents, which leaves nothing to train on. Lower it, or name test_datasets.", error.Message);
    }

    [Fact]
    public void Test_datasets_are_read_with_their_own_length()
    {
        var data = LoadAll([Dataset("""{"text": "abc"}""", "completion")], o => o with
        {
            TestDatasets = [Dataset("""{"text": "abcdefgh"}""", "completion")],
            EvaluationSequenceLength = 5,
        });
        Assert.Equal(["^abcd", "efgh$"], data.Evaluation.Select(d => CharacterEncoder.Text(d.Ids)));
        Assert.Equal(2, data.EvaluationReport!.Documents);
    }

    [Fact]
    public void A_tokenizer_without_end_is_refused_for_answers()
    {
        var error = Assert.Throws<InputException>(() => new DataLoader(
            new DataOptions { Datasets = [Dataset("{}", "alpaca")] }, new CharacterEncoder { EndId = null }).Load(0));
        Assert.Equal("The tokenizer has no end-of-sequence token, so answers would never end. Name an eos_token in the model's tokenizer_config.json.", error.Message);
    }

    private IReadOnlyList<Document> Load(string records, string type, Func<DataOptions, DataOptions>? change = null) => LoadAll([Dataset(records, type)], change).Training;

    private static TrainingData LoadAll(IReadOnlyList<DatasetOptions> datasets, Func<DataOptions, DataOptions>? change = null, IChatEncoder? chat = null)
    {
        var options = new DataOptions { Datasets = datasets };
        return new DataLoader(change?.Invoke(options) ?? options, new CharacterEncoder(), chat).Load(seed: 3);
    }

    private DatasetOptions Dataset(string records, string type) => Dataset(records, new DatasetTypeOptions { Name = type });

    private DatasetOptions Dataset(string records, DatasetTypeOptions type)
        => new() { Path = folder.Write($"{Guid.NewGuid():n}.jsonl", records), Type = type };

    private sealed class Chat : IChatEncoder
    {
        public IReadOnlyList<ChatMessage> Seen { get; private set; } = [];

        public JsonElement? Tools { get; private set; }

        public EncodedChat Encode(IReadOnlyList<ChatMessage> messages, JsonElement? tools, DatasetOptions dataset)
        {
            (Seen, Tools) = (messages, tools);
            return new EncodedChat { Text = "abc", Ids = [1, 2, 3], Trained = [false, true, true], Spans = new TextSpan[3] };
        }
    }
}
