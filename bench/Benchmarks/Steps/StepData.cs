using Neoteny.Benchmarks.Harness;
using Neoteny.Models.ChatTemplates;
using Neoteny.Models.Tokenizers;
using Neoteny.Training.Data;
using Neoteny.Training.Options;
using Neoteny.Training.Packing;

namespace Neoteny.Benchmarks.Steps;

/// <summary>Rows of 1024 tokens out of the example data.</summary>
internal static class StepData
{
    private const int Length = 1024;
    private const int Count = 4;

    /// <summary>Conversations packed as training packs them.</summary>
    public static IReadOnlyList<IReadOnlyList<Document>> Packed()
    {
        var documents = Conversations();
        var planner = new EpochPlanner(documents, new BatchShape { SequenceLength = Length, MicroBatchSize = 1, Packing = true }, seed: 1);
        return [.. planner.Plan(0).MicroBatches.Take(Count).Select(rows => (IReadOnlyList<Document>)[.. rows[0].Select(i => documents[i])])];
    }

    /// <summary>The same tokens end to end, cut into documents of half a row.</summary>
    public static IReadOnlyList<IReadOnlyList<Document>> Dense()
    {
        var halves = Conversations().SelectMany(d => d.Ids).Chunk(Length / 2).Select(Document.Whole).Take(2 * Count);
        return [.. halves.Chunk(2)];
    }

    private static IReadOnlyList<Document> Conversations()
    {
        var folder = Repository.ExampleModel;
        var tokenizer = Tokenizer.Load(folder);
        var options = new DataOptions
        {
            Datasets = [new DatasetOptions { Path = Path.Combine(Repository.Root, "examples", "data", "capitals-train.jsonl"), Type = new DatasetTypeOptions { Name = "chat_template" } }],
            SequenceLength = Length,
        };
        return new DataLoader(options, new TokenizerText(tokenizer), new TemplateChatEncoder(tokenizer, ChatTemplate.Load(folder), [])).Load(seed: 1).Training;
    }

    private sealed class TokenizerText(Tokenizer tokenizer) : ITextEncoder
    {
        public int? EndId => tokenizer.EosId;

        public int[] Encode(string text, bool addSpecialTokens) => tokenizer.Encode(text, addSpecialTokens);
    }
}
