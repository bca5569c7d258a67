using System.Runtime.Intrinsics;
using Neoteny.Runtime.Cpu;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Tiles;

/// <summary>Tiles in CPU memory, fp32 without gaps: two passes over a row for its statistics, one for its gradient, while the tile is in cache.</summary>
internal sealed unsafe class CpuTiles : ITileMath
{
    /// <inheritdoc/>
    public void Gather(Tensor z_CN, long first, TokenRows rows, LossTerms terms, Tensor? most_C)
    {
        var (count, columns) = (z_CN.size(0), (int)z_CN.size(1));
        using var scope = NewDisposeScope();
        var (labels, most, sum, total, logit) = (rows.Labels, rows.Most, rows.Sum, rows.Total, rows.Logit);
        var (z, py, pm, ps, pt, pl) = (Address(z_CN), Address(labels), Address(most), Address(sum), Address(total), Address(logit));
        var tile = most_C is null ? 0 : Address(most_C);
        var (cap, wantsTotal) = ((float)terms.Softcap, terms.Smoothing > 0);
        RowLoop.Run(count, columns, (from, to, _) =>
        {
            for (var t = from; t < to; t++)
            {
                var label = ((long*)py)[t];
                if (label < 0)
                {
                    continue;
                }

                var row = (float*)z + (t * columns);
                var here = Most(row, columns);
                here = cap == 0 ? here : Capped(here, cap);
                var before = ((float*)pm)[t];
                var larger = MathF.Max(before, here);
                var (part, plain) = Sums(row, columns, larger, cap, wantsTotal);
                ((float*)ps)[t] = (((float*)ps)[t] * MathF.Exp(before - larger)) + part;
                ((float*)pm)[t] = larger;
                ((float*)pt)[t] += plain;
                if (label >= first && label < first + columns)
                {
                    var z_y = row[label - first];
                    ((float*)pl)[t] = cap == 0 ? z_y : Capped(z_y, cap);
                }

                if (tile != 0)
                {
                    ((float*)tile)[t] = here;
                }
            }
        });
        GC.KeepAlive(z_CN);
        GC.KeepAlive(most_C);
        GC.KeepAlive((labels, most, sum, total, logit));
    }

    /// <inheritdoc/>
    public void Differentiate(Tensor z_CN, long first, TokenRows rows, LossTerms terms)
    {
        var (count, columns) = (z_CN.size(0), (int)z_CN.size(1));
        using var scope = NewDisposeScope();
        var (labels, lse, factors) = (rows.Labels, rows.LogSumExp, rows.Factors(terms));
        var (z, py, pe, pf) = (Address(z_CN), Address(labels), Address(lse), Address(factors));
        var (cap, onehot, share, slope) = ((float)terms.Softcap, (float)(1 - terms.Smoothing), (float)terms.Share, 2 * (float)terms.ZFactor);
        RowLoop.Run(count, columns, (from, to, _) =>
        {
            for (var t = from; t < to; t++)
            {
                var row = (float*)z + (t * columns);
                var (label, lse_t, f) = (((long*)py)[t], ((float*)pe)[t], ((float*)pf)[t]);
                if (label < 0)
                {
                    new Span<float>(row, columns).Clear();
                    continue;
                }

                var at = label >= first && label < first + columns ? label - first : -1;
                var bend = at < 0 || cap == 0 ? 1 : Bend(Capped(row[at], cap), cap);
                Gradient(row, columns, lse_t, f * (1 + (slope * lse_t)), f * share, cap);
                if (at >= 0)
                {
                    row[at] -= f * onehot * bend;
                }
            }
        });
        GC.KeepAlive(z_CN);
        GC.KeepAlive((labels, lse, factors));
    }

    private static nint Address(Tensor tensor) => TensorData.Pointer(tensor);

    private static float Most(float* z, int n)
    {
        var (a, b) = (Vector256.Create(float.NegativeInfinity), Vector256.Create(float.NegativeInfinity));
        var i = 0;
        for (; i <= n - 16; i += 16)
        {
            a = Vector256.Max(a, Vector256.Load(z + i));
            b = Vector256.Max(b, Vector256.Load(z + i + 8));
        }

        a = Vector256.Max(a, b);
        var most = a[0];
        for (var k = 1; k < 8; k++)
        {
            most = MathF.Max(most, a[k]);
        }

        for (; i < n; i++)
        {
            most = MathF.Max(most, z[i]);
        }

        return most;
    }

    private static (float Exponentials, float Plain) Sums(float* z, int n, float most, float cap, bool wantsTotal)
    {
        var (shift, sum, total) = (Vector256.Create(most), Vector256<float>.Zero, Vector256<float>.Zero);
        var i = 0;
        for (; i <= n - 8; i += 8)
        {
            var x = Vector256.Load(z + i);
            x = cap == 0 ? x : Capped(x, cap);
            sum += Vector256.Exp(x - shift);
            total = wantsTotal ? total + x : total;
        }

        var (exponentials, plain) = (Vector256.Sum(sum), Vector256.Sum(total));
        for (; i < n; i++)
        {
            var x = cap == 0 ? z[i] : Capped(z[i], cap);
            exponentials += MathF.Exp(x - most);
            plain += wantsTotal ? x : 0;
        }

        return (exponentials, plain);
    }

    private static void Gradient(float* z, int n, float logSumExp, float factor, float share, float cap)
    {
        var (shift, scale, less) = (Vector256.Create(logSumExp), Vector256.Create(factor), Vector256.Create(share));
        var i = 0;
        for (; i <= n - 8; i += 8)
        {
            var x = Vector256.Load(z + i);
            x = cap == 0 ? x : Capped(x, cap);
            var d = (Vector256.Exp(x - shift) * scale) - less;
            (cap == 0 ? d : d * (Vector256<float>.One - (x * x * (1 / (cap * cap))))).Store(z + i);
        }

        for (; i < n; i++)
        {
            var x = cap == 0 ? z[i] : Capped(z[i], cap);
            z[i] = ((MathF.Exp(x - logSumExp) * factor) - share) * (cap == 0 ? 1 : Bend(x, cap));
        }
    }

    private static float Bend(float capped, float cap) => 1 - (capped * capped / (cap * cap));

    private static float Capped(float x, float cap) => cap * (1 - (2 / (1 + MathF.Exp(x * (2 / cap)))));

    private static Vector256<float> Capped(Vector256<float> x, float cap)
        => (Vector256<float>.One - (Vector256.Create(2f) / (Vector256<float>.One + Vector256.Exp(x * (2 / cap))))) * cap;
}
