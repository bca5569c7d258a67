using System.Text;
using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Models.Decoder;
using Neoteny.Models.Tokenizers;
using static TorchSharp.torch;

namespace Neoteny.Models.Generation;

/// <summary>Continues prompts with a model: all prompts together in the packed layout, first whole, then token by token.</summary>
/// <remarks>Runs on the compute thread; sequences that end leave the row, so that the rest runs faster. Borrows the model and the tokenizer.</remarks>
public sealed class TextGenerator
{
    private readonly DecoderModel model;
    private readonly Tokenizer? tokenizer;

    /// <summary>Creates a generator.</summary>
    /// <param name="model">The model, with its attention kernel chosen.</param>
    /// <param name="tokenizer">Needed for text and stop strings; null to work with ids alone.</param>
    public TextGenerator(DecoderModel model, Tokenizer? tokenizer = null) => (this.model, this.tokenizer) = (model, tokenizer);

    /// <summary>Continues prompts to their end.</summary>
    /// <param name="prompts">Token ids of each prompt, special tokens included.</param>
    /// <param name="options">How.</param>
    /// <param name="stopping">Ends the generation between two tokens.</param>
    /// <returns>One result for each prompt, in their order.</returns>
    /// <exception cref="InputException">A prompt is empty or names a token that the model lacks, or an option is out of its range.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> was signalled.</exception>
    public IReadOnlyList<GenerationResult> Generate(IReadOnlyList<int[]> prompts, GenerationOptions options, CancellationToken stopping = default)
    {
        var ids = prompts.Select(_ => new List<int>()).ToArray();
        var texts = prompts.Select(_ => new StringBuilder()).ToArray();
        var stops = new StopReason[prompts.Count];
        foreach (var token in Stream(prompts, options, stopping))
        {
            ids[token.Prompt].Add(token.Id);
            texts[token.Prompt].Append(token.Text);
            stops[token.Prompt] = token.Stop ?? default;
        }

        return [.. prompts.Select((_, i) => new GenerationResult { Ids = ids[i], Text = texts[i].ToString(), Stop = stops[i] })];
    }

    /// <summary>Continues prompts and gives out each token when it is chosen.</summary>
    /// <remarks>The model runs while the result is enumerated, on the enumerating thread; leaving the enumeration frees the cache.</remarks>
    /// <inheritdoc cref="Generate"/>
    public IEnumerable<GeneratedToken> Stream(IReadOnlyList<int[]> prompts, GenerationOptions options, CancellationToken stopping = default)
    {
        var sampler = new Sampler(options);
        Check(prompts, options);
        return RunOnce([.. prompts.Select((p, i) => new GeneratingSequence(i, p, options, tokenizer))], sampler, options.UseCache, stopping);
    }

    /// <summary>Continues one prompt, reading of it only what <paramref name="memory"/> does not hold yet, and remembers it with its continuation.</summary>
    /// <inheritdoc cref="Stream(IReadOnlyList{int[]}, GenerationOptions, CancellationToken)"/>
    public IEnumerable<GeneratedToken> Stream(int[] prompt, PromptMemory memory, GenerationOptions options, CancellationToken stopping = default)
    {
        var sampler = new Sampler(options);
        Check([prompt], options);
        return RunOn(memory, prompt, new GeneratingSequence(0, prompt, options, tokenizer), sampler, stopping);
    }

    private IEnumerable<GeneratedToken> RunOnce(List<GeneratingSequence> active, Sampler sampler, bool useCache, CancellationToken stopping)
    {
        using var cache = useCache ? new KeyValueCache(active.Count) : null;
        foreach (var token in Run(active, sampler, cache, stopping))
        {
            yield return token;
        }
    }

    private IEnumerable<GeneratedToken> RunOn(PromptMemory memory, int[] prompt, GeneratingSequence sequence, Sampler sampler, CancellationToken stopping)
    {
        var cache = memory.RewindTo(prompt);
        try
        {
            foreach (var token in Run([sequence], sampler, cache, stopping))
            {
                yield return token;
            }
        }
        finally
        {
            memory.Remember(sequence.Ids);
        }
    }

    private IEnumerable<GeneratedToken> Run(List<GeneratingSequence> active, Sampler sampler, KeyValueCache? cache, CancellationToken stopping)
    {
        while (active.Count > 0)
        {
            stopping.ThrowIfCancellationRequested();
            float[] logits_PV;
            try
            {
                logits_PV = Logits(active, cache);
            }
            catch
            {
                // Some layers may hold the new tokens and others not.
                cache?.Clear();
                throw;
            }

            var size = logits_PV.Length / active.Count;
            for (var i = 0; i < active.Count; i++)
            {
                var sequence = active[i];
                yield return sequence.Add(sampler.Next(logits_PV.AsSpan(i * size, size), sequence.Ids, sequence.Index, sequence.Count));
            }

            if (active.All(s => s.IsDone))
            {
                yield break;
            }

            if (active.Any(s => s.IsDone))
            {
                cache?.Keep([.. active.Select(s => !s.IsDone)]);
                active.RemoveAll(s => s.IsDone);
            }
        }
    }

    /// <summary>Runs the tokens that the cache lacks and returns the logits after the last token of each of P sequences, <c>[P, V]</c>.</summary>
    private float[] Logits(List<GeneratingSequence> active, KeyValueCache? cache)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var device = model.Device;
        if (cache is not null && model.OutdatesCache(cache.Lengths.Max(), active.Max(s => s.Ids.Count)))
        {
            cache.Clear();
        }

        var held = cache is null ? [.. active.Select(_ => 0)] : cache.Lengths.ToArray();
        int[] counts = [.. active.Select((s, i) => s.Ids.Count - held[i])];
        var ids = active.SelectMany((s, i) => s.Ids.Skip(held[i])).Select(id => (long)id).ToArray();
        var positions = counts.SelectMany((count, i) => Enumerable.Range(held[i], count)).Select(p => (long)p).ToArray();
        using var layout = cache?.Extend(counts, device) ?? SequenceLayout.OfBatch(counts, counts, device);
        using var tape = new Tape(new TapeOptions { Recording = false });
        var hidden_TH = model.Forward(tape, tensor(ids, device: device), tensor(positions, device: device), layout, cache);
        long at = -1;
        var last_P = tensor(counts.Select(c => at += c).ToArray(), device: device);
        var rows_PH = hidden_TH.Tensor.index_select(0, last_P);
        var logits_PV = model.Head.Forward(tape, tape.Constant(rows_PH)).Tensor;
        return logits_PV.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
    }

    private void Check(IReadOnlyList<int[]> prompts, GenerationOptions options)
    {
        if (options.StopStrings.Count > 0 && tokenizer is null)
        {
            throw new ArgumentException("Stop strings need a tokenizer.", nameof(options));
        }

        for (var i = 0; i < prompts.Count; i++)
        {
            if (prompts[i].Length == 0)
            {
                throw new InputException($"Prompt {i + 1} has no tokens. Give it some text.");
            }

            if (prompts[i].Any(IsUnknown))
            {
                throw new InputException($"Prompt {i + 1} holds token {prompts[i].First(IsUnknown)}, but the model knows {model.Spec.VocabularySize} tokens. "
                    + "The tokenizer belongs to another model.");
            }
        }

        bool IsUnknown(int id) => id < 0 || id >= model.Spec.VocabularySize;
    }
}
