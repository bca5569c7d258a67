using System.Runtime.Intrinsics;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cpu;

/// <summary>Softmax cross-entropy over fp32 logits in CPU memory: each row is read from memory once, and becomes its gradient in the cache.</summary>
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
        => Run(logits_TV, labels_T, factors_T, losses_T, CrossEntropyTerms.None, differentiate);

    /// <summary>Computes the losses, and the gradients where wanted, with further terms.</summary>
    /// <param name="logits_TV">Logits <c>[T, V]</c>; overwritten: by their gradients times the factors with <paramref name="differentiate"/>, else by anything.</param>
    /// <param name="labels_T">Labels, int64 <c>[T]</c>, without gaps; -100 gives loss and gradient zero.</param>
    /// <param name="factors_T">Factor of each token's gradient, fp32 <c>[T]</c>, without gaps.</param>
    /// <param name="losses_T">Receives the losses without their factors, fp32 <c>[T]</c>, without gaps.</param>
    /// <param name="terms">What the loss is made of.</param>
    /// <param name="differentiate">Whether gradients are wanted.</param>
    /// <exception cref="ArgumentException">A label is not below V.</exception>
    public static void Run(Tensor logits_TV, Tensor labels_T, Tensor factors_T, Tensor losses_T, CrossEntropyTerms terms, bool differentiate)
    {
        var (rows, columns) = (logits_TV.size(0), (int)logits_TV.size(1));
        var (pz, py, pf, pl) = (TensorData.Pointer(logits_TV), TensorData.Pointer(labels_T), TensorData.Pointer(factors_T), TensorData.Pointer(losses_T));
        var call = new CrossEntropyRow(columns, terms);
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

                var factor = ((float*)pf)[row];
                ((float*)pl)[row] = Vector512.IsHardwareAccelerated
                    ? call.Run<Lanes16>(z, label, factor, differentiate)
                    : call.Run<Lanes8>(z, label, factor, differentiate);
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
}
