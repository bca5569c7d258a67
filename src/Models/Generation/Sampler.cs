namespace Neoteny.Models.Generation;

/// <summary>Chooses the next token from logits.</summary>
/// <remarks>
/// The order is that of the Hugging Face libraries: repetition penalty, temperature, top-k, top-p, min-p, one draw. Draws are a function of
/// the seed, the sequence and the step, so that they do not depend on what else is in the batch. Not thread-safe.
/// </remarks>
public sealed class Sampler
{
    private readonly GenerationOptions options;
    private float[] scores = [];
    private float[] falling = [];
    private int[] order = [];

    /// <summary>Creates a sampler.</summary>
    /// <exception cref="InputException">An option is out of its range.</exception>
    public Sampler(GenerationOptions options)
    {
        options.Validate();
        this.options = options;
    }

    /// <summary>Chooses a token.</summary>
    /// <param name="logits">One logit for each token of the vocabulary.</param>
    /// <param name="seen">The ids of the sequence so far, prompt included.</param>
    /// <param name="sequence">Which sequence of the batch.</param>
    /// <param name="step">Which new token of it.</param>
    /// <exception cref="NeotenyException">The logits are not numbers.</exception>
    public int Next(ReadOnlySpan<float> logits, IReadOnlyList<int> seen, int sequence, int step)
    {
        if (scores.Length != logits.Length)
        {
            (scores, falling, order) = (new float[logits.Length], new float[logits.Length], new int[logits.Length]);
        }

        logits.CopyTo(scores);
        Penalize(seen);
        var best = Best();
        if (!float.IsFinite(scores[best]))
        {
            throw new NeotenyException("The model's logits are not finite, so no token can be chosen. The weights or the dtype are at fault: try fp32, or another checkpoint.");
        }

        return options.Temperature == 0 ? best : Draw(Weights(scores[best]), Uniform(sequence, step));
    }

    private void Penalize(IReadOnlyList<int> seen)
    {
        if (options.RepetitionPenalty == 1)
        {
            return;
        }

        var penalty = (float)options.RepetitionPenalty;
        foreach (var id in seen.Distinct().Where(i => i < scores.Length))
        {
            scores[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty;
        }
    }

    private int Best()
    {
        var best = 0;
        for (var i = 1; i < scores.Length; i++)
        {
            best = scores[i] > scores[best] || float.IsNaN(scores[best]) ? i : best;
        }

        return best;
    }

    /// <summary>Turns scores into weights, 1 for the most likely token and 0 for those that are filtered out; returns their sum.</summary>
    private double Weights(float top)
    {
        double total = 0;
        for (var i = 0; i < scores.Length; i++)
        {
            scores[i] = (float)Math.Exp((scores[i] - top) / options.Temperature);
            total += scores[i];
        }

        if (options.TopK > 0 || options.TopP < 1)
        {
            KeepLikely();
        }

        if (options.MinP > 0 || options.TopK > 0 || options.TopP < 1)
        {
            total = 0;
            for (var i = 0; i < scores.Length; i++)
            {
                scores[i] = scores[i] < options.MinP ? 0 : scores[i];
                total += scores[i];
            }
        }

        return total;
    }

    private void KeepLikely()
    {
        for (var i = 0; i < scores.Length; i++)
        {
            (order[i], falling[i]) = (i, -scores[i]);
        }

        Array.Sort(falling, order);
        var most = options.TopK > 0 ? Math.Min(options.TopK, order.Length) : order.Length;
        double mass = 0, kept = 0;
        for (var i = 0; i < most; i++)
        {
            mass -= falling[i];
        }

        for (var i = 0; i < order.Length; i++)
        {
            // The token that crosses the bound stays, so the most likely one always does.
            if (i < most && kept < options.TopP * mass)
            {
                kept -= falling[i];
            }
            else
            {
                scores[order[i]] = 0;
            }
        }
    }

    private int Draw(double total, double uniform)
    {
        var (last, left) = (0, uniform * total);
        for (var i = 0; i < scores.Length; i++)
        {
            if (scores[i] > 0)
            {
                last = i;
                left -= scores[i];
                if (left < 0)
                {
                    break;
                }
            }
        }

        return last;
    }

    // splitmix64 of (seed, sequence, step), top 53 bits.
    private double Uniform(int sequence, int step)
    {
        var z = options.Seed + (0x9E3779B97F4A7C15UL * (((ulong)(uint)sequence << 32) + (uint)step + 1));
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
