using System.Runtime.CompilerServices;
using Neoteny.Runtime.Operators;

namespace Neoteny.Runtime.Cpu;

/// <summary>The divergence of one row of logits; see <see cref="Divergence"/>.</summary>
internal readonly unsafe struct DivergenceRow(int columns, DivergenceTerms terms)
{
    private readonly int n = columns;
    private readonly int kind = terms.Kind;
    private readonly float beta = (float)terms.Beta;
    private readonly float scale = (float)(1 / terms.Temperature);

    /// <summary>The divergence; <paramref name="statistics"/> gets both log-partitions and the sum of slopes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public float Forward<T>(float* student, float* teacher, float* statistics)
        where T : struct, ILanes<T>
    {
        var (lseQ, lseP) = (LogSumExp<T>(student), LogSumExp<T>(teacher));
        var (values, slopes) = (T.Of(0), T.Of(0));
        var i = 0;
        for (; i <= n - T.Count; i += T.Count)
        {
            var (value, slope) = Terms(Log(T.Load(student + i), lseQ), Log(T.Load(teacher + i), lseP));
            values += value;
            slopes += slope;
        }

        var (total, along) = (values.Sum(), slopes.Sum());
        for (; i < n; i++)
        {
            var (value, slope) = Terms(Log(T.Of(student[i]), lseQ), Log(T.Of(teacher[i]), lseP));
            total += value.Sum() / T.Count;
            along += slope.Sum() / T.Count;
        }

        statistics[0] = lseQ;
        statistics[1] = lseP;
        statistics[2] = along;
        return total;
    }

    /// <summary>The gradient of the student's logits, which may take their place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Backward<T>(float* student, float* teacher, float* statistics, float factor, float* gradient)
        where T : struct, ILanes<T>
    {
        var (self, lseQ, lseP, along, f) = (this, statistics[0], statistics[1], T.Of(statistics[2]), T.Of(factor * scale));
        var i = 0;
        for (; i <= n - T.Count; i += T.Count)
        {
            Slope(T.Load(student + i), T.Load(teacher + i)).Store(gradient + i);
        }

        var last = stackalloc float[T.Count];
        for (; i < n; i++)
        {
            Slope(T.Of(student[i]), T.Of(teacher[i])).Store(last);
            gradient[i] = last[0];
        }

        T Slope(T x, T y)
        {
            var logQ = self.Log(x, lseQ);
            return (self.Terms(logQ, self.Log(y, lseP)).Slope - (VectorMath.Exp(logQ) * along)) * f;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (T Value, T Slope) Terms<T>(T logQ, T logP)
        where T : struct, ILanes<T>
    {
        switch (kind)
        {
            case 0:
                var share = VectorMath.Exp(logP);
                return (share * (logP - logQ), T.Of(0) - share);
            case 1:
                var q = VectorMath.Exp(logQ);
                var value = q * (logQ - logP);
                return (value, value + q);
            default:
                // Both logarithms relative to the larger one: where the mixture is nearly one of the two, nothing is lost in the difference.
                var gap = logP - logQ;
                var less = VectorMath.Exp(T.Min(gap, T.Of(0) - gap));
                var log = T.Log(T.IfNegative(gap, (less * T.Of(beta)) + T.Of(1 - beta), (less * T.Of(1 - beta)) + T.Of(beta)));
                var slope = T.Of(1 - beta) * VectorMath.Exp(logQ) * (T.Of(0) - T.Max(gap, T.Of(0)) - log);
                return ((T.Of(beta) * VectorMath.Exp(logP) * (T.Min(gap, T.Of(0)) - log)) + slope, slope);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private T Log<T>(T logit, float logSumExp)
        where T : struct, ILanes<T> => (logit * T.Of(scale)) - T.Of(logSumExp);

    private float LogSumExp<T>(float* z)
        where T : struct, ILanes<T>
    {
        var (most, by) = (T.Of(float.NegativeInfinity), T.Of(scale));
        var i = 0;
        for (; i <= n - T.Count; i += T.Count)
        {
            most = T.Max(most, T.Load(z + i) * by);
        }

        var max = most.Max();
        for (; i < n; i++)
        {
            max = MathF.Max(max, z[i] * scale);
        }

        var (shift, sums) = (T.Of(max), T.Of(0));
        for (i = 0; i <= n - T.Count; i += T.Count)
        {
            sums += VectorMath.Exp((T.Load(z + i) * by) - shift);
        }

        var sum = sums.Sum();
        for (; i < n; i++)
        {
            sum += MathF.Exp((z[i] * scale) - max);
        }

        return max + MathF.Log(sum);
    }
}
