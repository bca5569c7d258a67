using Neoteny.Models.Generation;
using Neoteny.Models.Tokenizers;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Parity.Tests.Models;

public class GenerationParityTests
{
    public static TheoryData<string, bool, string> Cases()
    {
        var data = new TheoryData<string, bool, string>();
        foreach (var name in FixtureFolders.Names("models"))
        {
            data.Add(name, true, "sdpa");
            data.Add(name, false, "sdpa");
            data.Add(name, true, "eager");
            data.Add(name, false, "eager");
        }

        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Greedy_tokens_are_identical(string name, bool useCache, string attention)
    {
        using var scope = NewDisposeScope();
        using var fixture = ModelCase.Open(name, attention);
        RequireReference(fixture, "gen.output_ids");
        var prompt = Ids(fixture.Rows("gen.prompt_ids")[0]);
        var expected = Ids(Output(fixture, "gen", useCache)[0]);
        var result = new TextGenerator(fixture.Model).Generate([prompt], Options(useCache))[0];
        Assert.Equal(expected[prompt.Length..], result.Ids);
        Assert.Equal(StopReason.Length, result.Stop);
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void A_batch_of_prompts_of_different_lengths_gives_identical_tokens(string name, bool useCache, string attention)
    {
        using var scope = NewDisposeScope();
        using var fixture = ModelCase.Open(name, attention);
        RequireReference(fixture, "gen.batch.output_ids");
        var mask = fixture.Rows("gen.batch.attention_mask");
        var width = mask[0].Length;
        var prompts = fixture.Rows("gen.batch.input_ids").Select((row, i) => Ids(row)[(width - (int)mask[i].Sum())..]).ToList();
        Assert.True(prompts.Select(p => p.Length).Distinct().Count() > 1);
        var expected = Output(fixture, "gen.batch", useCache);
        var results = new TextGenerator(fixture.Model).Generate(prompts, Options(useCache));
        Assert.Equal(expected.Select(row => Ids(row)[width..]), results.Select(r => r.Ids.ToArray()));
    }

    [SkippableFact]
    public void Sampling_is_the_same_with_and_without_a_cache_and_in_any_company()
    {
        using var fixture = ModelCase.OpenOwn("llama");
        var generator = new TextGenerator(fixture.Model);
        int[][] prompts = [[1, 5, 9], [1, 200, 30, 4, 17]];
        var options = new GenerationOptions { Temperature = 0.9, TopP = 0.95, MaxNewTokens = 12, Seed = 5 };
        var together = generator.Generate(prompts, options);
        Assert.Equal(generator.Generate([prompts[0]], options)[0].Ids, together[0].Ids);
        Assert.Equal(generator.Generate(prompts, options with { UseCache = false })[1].Ids, together[1].Ids);
        Assert.NotEqual(generator.Generate(prompts, options with { Seed = 6 })[0].Ids, together[0].Ids);
    }

    [SkippableFact]
    public void A_remembered_prompt_is_continued_with_the_tokens_of_a_fresh_one()
    {
        using var fixture = ModelCase.OpenOwn("llama");
        var generator = new TextGenerator(fixture.Model);
        using var memory = new PromptMemory();
        int[] first = [1, 5, 9, 30];
        int[] answer = [.. generator.Stream(first, memory, Options(true)).Select(t => t.Id)];
        Assert.Equal(generator.Generate([first], Options(true))[0].Ids, answer);
        Assert.Equal(first.Length + answer.Length - 1, memory.Length);

        foreach (int[] next in new int[][] { [.. first, .. answer, 7, 8], [1, 5, 100, 3], first })
        {
            var fresh = generator.Generate([next], Options(true))[0].Ids;
            Assert.Equal(fresh, generator.Stream(next, memory, Options(true)).Select(t => t.Id));
            Assert.Equal(next.Length + fresh.Count - 1, memory.Length);
        }
    }

    [SkippableFact]
    public void A_sequence_that_ends_leaves_the_others_going()
    {
        using var fixture = ModelCase.OpenOwn("llama");
        var generator = new TextGenerator(fixture.Model);
        int[][] prompts = [[1, 5, 9], [1, 200, 30, 4, 17]];
        var whole = generator.Generate(prompts, Options(true));
        var end = whole[0].Ids.First(id => !whole[1].Ids.Contains(id));
        var results = generator.Generate(prompts, Options(true) with { EosTokenIds = [end] });
        Assert.Equal(whole[0].Ids.TakeWhile(i => i != end).Append(end), results[0].Ids);
        Assert.Equal(StopReason.EndOfSequence, results[0].Stop);
        Assert.Equal(whole[1].Ids, results[1].Ids);
    }

    [SkippableFact]
    public void Streamed_text_is_the_decoded_text_and_ends_before_a_stop_string()
    {
        using var fixture = ModelCase.OpenOwn("llama");
        var tokenizer = Tokenizer.Load(FixtureFolders.Own("tokenizers", "bpe-llama3"));
        var generator = new TextGenerator(fixture.Model, tokenizer);
        var options = Options(true) with { MaxNewTokens = 40 };
        var whole = generator.Generate([[1, 5, 9]], options)[0];
        Assert.Equal(tokenizer.Decode(whole.Ids.ToArray(), skipSpecialTokens: true), whole.Text);
        var stop = whole.Text[(whole.Text.Length / 2)..((whole.Text.Length / 2) + 3)];
        var tokens = generator.Stream([[1, 5, 9]], options with { StopStrings = [stop] }).ToList();
        Assert.Equal(whole.Text[..whole.Text.IndexOf(stop, StringComparison.Ordinal)], string.Concat(tokens.Select(t => t.Text)));
        Assert.Equal(StopReason.StopString, tokens[^1].Stop);
        Assert.True(tokens.Count < whole.Ids.Count);
    }

    [SkippableFact]
    public void Leaving_a_stream_and_generating_often_keeps_no_tensors()
    {
        using var fixture = ModelCase.OpenOwn("llama");
        var generator = new TextGenerator(fixture.Model);
        Once();
        var before = LiveTensors.Count();
        for (var i = 0; i < 20; i++)
        {
            Once();
        }

        Assert.Equal(before, Tensor.TotalCount);

        void Once() => Assert.Equal(3, generator.Stream([[1, 5, 9], [1, 2]], Options(true)).Take(3).Count());
    }

    [SkippableFact]
    public void Prompts_that_cannot_be_run_are_refused()
    {
        using var fixture = ModelCase.OpenOwn("llama");
        var generator = new TextGenerator(fixture.Model);
        Assert.Equal("Prompt 2 has no tokens. Give it some text.", Assert.Throws<InputException>(() => generator.Generate([[1], []], Options(true))).Message);
        Assert.Equal("Prompt 1 holds token 256, but the model knows 256 tokens. The tokenizer belongs to another model.",
            Assert.Throws<InputException>(() => generator.Generate([[256]], Options(true))).Message);
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Assert.Throws<OperationCanceledException>(() => generator.Generate([[1]], Options(true), stopped.Token));
    }

    // Where the reference has no run with a cache, the cache makes no difference (LongRoPE of Phi 3, whose keys are computed anew).
    private static long[][] Output(ModelCase fixture, string part, bool useCache)
        => fixture.Rows(useCache && fixture.Has($"{part}.output_ids_kvcache") ? $"{part}.output_ids_kvcache" : $"{part}.output_ids");

    private static void RequireReference(ModelCase fixture, string tensor)
        => Skip.IfNot(fixture.Has(tensor), $"{fixture.Folder} has no reference {tensor}");

    private static GenerationOptions Options(bool useCache) => new() { MaxNewTokens = 16, UseCache = useCache };

    private static int[] Ids(long[] ids) => [.. ids.Select(i => (int)i)];
}
