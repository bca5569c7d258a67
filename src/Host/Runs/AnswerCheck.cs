using Neoteny.Models.Configuration;
using Neoteny.Models.Generation;
using Neoteny.Training.Data;

namespace Neoteny.Host.Runs;

/// <summary>Answers the prompts of evaluation documents and compares with what the documents say.</summary>
/// <remarks>A document's prompt is everything before its first trained token; the expected answer is its trained text. Decoding is greedy.</remarks>
internal sealed class AnswerCheck(ModelSession session)
{
    private const int BatchSize = 64;
    private const int Slack = 8;

    /// <summary>Answers every document that has a prompt.</summary>
    public IReadOnlyList<Answer> Run(IReadOnlyList<Document> documents)
    {
        var generator = new TextGenerator(session.Model, session.Tokenizer);
        var ends = EndTokens();
        var answers = new List<Answer>();
        foreach (var batch in documents.Select(Ask).OfType<Question>().OrderBy(q => q.Prompt.Length).Chunk(BatchSize))
        {
            var results = generator.Generate([.. batch.Select(q => q.Prompt)], new GenerationOptions
            {
                MaxNewTokens = batch.Max(q => q.Expected.Length) + Slack,
                EosTokenIds = ends,
            });
            answers.AddRange(batch.Zip(results, (q, r) => new Answer(
                q.Index, Text(q.Prompt), Text(q.Expected), Text(r.Ids))));
        }

        return [.. answers.OrderBy(a => a.Index)];

        Question? Ask(Document document, int index)
        {
            var first = Array.FindIndex(document.Labels, 1, l => l != -100);
            return first < 1 ? null : new Question(index, document.Ids[..first], [.. document.Ids.Where((_, t) => document.Labels[t] != -100)]);
        }
    }

    private int[] EndTokens()
    {
        var config = GenerationConfig.Open(session.Folder, HuggingFaceConfig.Open(session.Folder));
        return [.. GenerationOptions.From(config).EosTokenIds.Concat(session.Tokenizer.EosId is { } eos ? [eos] : []).Distinct()];
    }

    private string Text(IReadOnlyList<int> ids) => session.Tokenizer.Decode([.. ids], skipSpecialTokens: true).Trim();

    private sealed record Question(int Index, int[] Prompt, int[] Expected);
}

/// <summary>One prompt with the expected and the generated answer.</summary>
internal sealed record Answer(int Index, string Prompt, string Expected, string Generated)
{
    public bool IsExact => Expected == Generated;
}
