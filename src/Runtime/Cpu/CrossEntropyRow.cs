using System.Runtime.CompilerServices;
using Neoteny.Runtime.Operators;

namespace Neoteny.Runtime.Cpu;

/// <summary>Cross-entropy of one row of logits.</summary>
internal readonly unsafe struct CrossEntropyRow(int columns, CrossEntropyTerms terms)
{
    private readonly int n = columns;
    private readonly float smoothing = (float)terms.Smoothing;
    private readonly float zFactor = (float)terms.ZLoss;
    private readonly float softcap = (float)terms.Softcap;
    private readonly bool scalesByProbability = terms.ScalesByProbability;

    /// <summary>The loss; the row becomes its gradient where wanted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public float Run<T>(float* z, long label, float factor, bool differentiate)
        where T : struct, ILanes<T>
    {
        if (softcap > 0)
        {
            Cap<T>(z);
        }

        var target = z[label];
        var mean = smoothing > 0 ? Total<T>(z) / n : 0;
        var most = Most<T>(z);

        // Exponentials stay in the row for the gradient; a softcap needs the logits again there.
        var keeps = differentiate && softcap == 0;
        var sum = Exponentials<T>(z, most, keeps);
        var logSumExp = most + MathF.Log(sum);
        var loss = logSumExp - ((1 - smoothing) * target) - (smoothing * mean) + (zFactor * logSumExp * logSumExp);
        var probability = scalesByProbability ? MathF.Exp(target - logSumExp) : 1;
        if (differentiate)
        {
            var scaled = factor * probability;
            var slope = scaled * (1 + (2 * zFactor * logSumExp));
            if (keeps)
            {
                Weigh<T>(z, slope / sum, scaled * smoothing / n);
                z[label] -= scaled * (1 - smoothing);
            }
            else
            {
                Uncap<T>(z, logSumExp, slope, scaled * smoothing / n);
                z[label] -= scaled * (1 - smoothing) * (1 - (target / softcap * (target / softcap)));
            }
        }

        return loss * probability;
    }

    private void Cap<T>(float* z)
        where T : struct, ILanes<T>
    {
        var (cap, inverse) = (T.Of(softcap), T.Of(1 / softcap));
        var i = 0;
        for (; i <= n - T.Count; i += T.Count)
        {
            (VectorMath.Tanh(T.Load(z + i) * inverse) * cap).Store(z + i);
        }

        for (; i < n; i++)
        {
            z[i] = MathF.Tanh(z[i] / softcap) * softcap;
        }
    }

    private float Total<T>(float* z)
        where T : struct, ILanes<T>
    {
        var sum = T.Of(0);
        var i = 0;
        for (; i <= n - T.Count; i += T.Count)
        {
            sum += T.Load(z + i);
        }

        var total = sum.Sum();
        for (; i < n; i++)
        {
            total += z[i];
        }

        return total;
    }

    private float Most<T>(float* z)
        where T : struct, ILanes<T>
    {
        var most = T.Of(float.NegativeInfinity);
        var i = 0;
        for (; i <= n - T.Count; i += T.Count)
        {
            most = T.Max(most, T.Load(z + i));
        }

        var max = most.Max();
        for (; i < n; i++)
        {
            max = MathF.Max(max, z[i]);
        }

        return max;
    }

    private float Exponentials<T>(float* z, float most, bool keeps)
        where T : struct, ILanes<T>
    {
        var (shift, first, second) = (T.Of(most), T.Of(0), T.Of(0));
        var i = 0;
        for (; i <= n - (2 * T.Count); i += 2 * T.Count)
        {
            var (a, b) = (VectorMath.Exp(T.Load(z + i) - shift), VectorMath.Exp(T.Load(z + i + T.Count) - shift));
            first += a;
            second += b;
            if (keeps)
            {
                a.Store(z + i);
                b.Store(z + i + T.Count);
            }
        }

        var sum = (first + second).Sum();
        for (; i < n; i++)
        {
            var e = MathF.Exp(z[i] - most);
            sum += e;
            z[i] = keeps ? e : z[i];
        }

        return sum;
    }

    private void Weigh<T>(float* z, float factor, float less)
        where T : struct, ILanes<T>
    {
        var (scale, shift) = (T.Of(factor), T.Of(-less));
        var i = 0;
        for (; i <= n - T.Count; i += T.Count)
        {
            T.MultiplyAdd(T.Load(z + i), scale, shift).Store(z + i);
        }

        for (; i < n; i++)
        {
            z[i] = (z[i] * factor) - less;
        }
    }

    private void Uncap<T>(float* z, float logSumExp, float slope, float less)
        where T : struct, ILanes<T>
    {
        var (shift, scale, level, inverse, one) = (T.Of(logSumExp), T.Of(slope), T.Of(less), T.Of(1 / softcap), T.Of(1));
        var i = 0;
        for (; i <= n - T.Count; i += T.Count)
        {
            var x = T.Load(z + i);
            var t = x * inverse;
            (((VectorMath.Exp(x - shift) * scale) - level) * (one - (t * t))).Store(z + i);
        }

        for (; i < n; i++)
        {
            z[i] = ((MathF.Exp(z[i] - logSumExp) * slope) - less) * (1 - (z[i] / softcap * (z[i] / softcap)));
        }
    }
}
