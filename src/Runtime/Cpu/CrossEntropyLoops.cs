using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cpu;

/// <summary>Softmax cross-entropy over fp32 logits in CPU memory: one pass for the statistics, one that turns logits into gradients in place.</summary>
public static unsafe class CrossEntropyLoops
{
    /// <summary>Whether the loops take these logits: fp32 without gaps in CPU memory.</summary>
    public static bool Handles(Tensor logits_TV) => TensorData.IsDenseFloat(logits_TV);

    /// <summary>Computes the losses, and the gradients where wanted.</summary>
    /// <param name="logits_TV">Logits <c>[T, V]</c>; with <paramref name="differentiate"/> overwritten by their gradients <c>factor * (softmax - onehot)</c>.</param>
    /// <param name="labels_T">Labels, int64 <c>[T]</c>, without gaps; -100 gives loss and gradient zero.</param>
    /// <param name="factors_T">Factor of each token, fp32 <c>[T]</c>, without gaps.</param>
    /// <param name="losses_T">Receives <c>logsumexp(z) - z[label]</c>, fp32 <c>[T]</c>, without gaps.</param>
    /// <param name="differentiate">Whether gradients are wanted.</param>
    /// <exception cref="ArgumentException">A label is not below V.</exception>
    public static void Run(Tensor logits_TV, Tensor labels_T, Tensor factors_T, Tensor losses_T, bool differentiate)
    {
        var (rows, columns) = (logits_TV.size(0), (int)logits_TV.size(1));
        var (pz, py, pf, pl) = (TensorData.Pointer(logits_TV), TensorData.Pointer(labels_T), TensorData.Pointer(factors_T), TensorData.Pointer(losses_T));
        long wrong = -1;
        RowLoop.Run(rows, columns, (from, to, _) =>
        {
            for (var row = from; row < to; row++)
            {
                var z = (float*)pz + (row * columns);
                var label = ((long*)py)[row];
                if (label >= columns || (label < 0 && label != -100))
                {
                    Interlocked.Exchange(ref wrong, row);
                    return;
                }

                if (label < 0)
                {
                    ((float*)pl)[row] = 0;
                    if (differentiate)
                    {
                        new Span<float>(z, columns).Clear();
                    }

                    continue;
                }

                var sum = LogSumExp(z, columns);
                ((float*)pl)[row] = sum - z[label];
                if (differentiate)
                {
                    Differentiate(z, columns, sum, ((float*)pf)[row], label);
                }
            }
        });
        GC.KeepAlive(logits_TV);
        GC.KeepAlive(labels_T);
        GC.KeepAlive(factors_T);
        GC.KeepAlive(losses_T);
        if (wrong >= 0)
        {
            throw new ArgumentException($"The label of token {wrong} is not below the vocabulary's size {columns}.", nameof(labels_T));
        }
    }

    private static float LogSumExp(float* z, int n)
    {
        var most = Vector256.Create(float.NegativeInfinity);
        var i = 0;
        for (; i <= n - 8; i += 8)
        {
            most = Vector256.Max(most, Vector256.Load(z + i));
        }

        var max = float.NegativeInfinity;
        for (var k = 0; k < 8; k++)
        {
            max = MathF.Max(max, most[k]);
        }

        for (; i < n; i++)
        {
            max = MathF.Max(max, z[i]);
        }

        var (shift, total) = (Vector256.Create(max), Vector256<float>.Zero);
        for (i = 0; i <= n - 8; i += 8)
        {
            total += Vector256.Exp(Vector256.Load(z + i) - shift);
        }

        var sum = Vector256.Sum(total);
        for (; i < n; i++)
        {
            sum += MathF.Exp(z[i] - max);
        }

        return max + MathF.Log(sum);
    }

    private static void Differentiate(float* z, int n, float logSumExp, float factor, long label)
    {
        var (shift, scale) = (Vector256.Create(logSumExp), Vector256.Create(factor));
        var i = 0;
        for (; i <= n - 8; i += 8)
        {
            (Vector256.Exp(Vector256.Load(z + i) - shift) * scale).Store(z + i);
        }

        for (; i < n; i++)
        {
            z[i] = MathF.Exp(z[i] - logSumExp) * factor;
        }

        z[label] -= factor;
    }
}
