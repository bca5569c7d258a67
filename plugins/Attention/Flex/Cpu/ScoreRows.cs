using Neoteny.Runtime.Cpu;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flex.Cpu;

/// <summary>Runs the program over the rows of a block's scores, <c>[Hq, B, K]</c> fp32 in memory, spread over the processors.</summary>
internal static unsafe class ScoreRows
{
    /// <summary>From raw scores to probabilities, in place; rows that see nothing become zeros.</summary>
    /// <param name="scores">Products of queries and keys.</param>
    /// <param name="lse">Gets the log-sum-exp, <c>[Hq, B]</c>.</param>
    /// <param name="block">Where the rows lie.</param>
    /// <param name="program">The program.</param>
    /// <param name="scale">Factor on raw scores.</param>
    public static void Softmax(Tensor scores, Tensor lse, QueryBlock block, LayerProgram program, float scale)
    {
        var (data, sums) = (TensorData.Pointer(scores), TensorData.Pointer(lse));
        RowLoop.Run(lse.numel(), block.Keys, (begin, end, _) =>
        {
            for (var row = begin; row < end; row++)
            {
                var s = new Span<float>((float*)data + (row * block.Keys), block.Keys);
                var (head, query) = ((int)(row / block.Queries), block.Position + (int)(row % block.Queries));
                var largest = float.NegativeInfinity;
                for (var i = 0; i < s.Length; i++)
                {
                    s[i] = program.Sees(block.Document, head, query, block.FirstKey + i, block.Length)
                        ? program.Modify(s[i] * scale, block.Document, head, query, block.FirstKey + i, block.Length) : float.NegativeInfinity;
                    largest = MathF.Max(largest, s[i]);
                }

                var sum = 0.0;
                for (var i = 0; i < s.Length; i++)
                {
                    s[i] = s[i] == float.NegativeInfinity ? 0 : MathF.Exp(s[i] - largest);
                    sum += s[i];
                }

                var inverse = sum == 0 ? 0 : (float)(1 / sum);
                for (var i = 0; i < s.Length; i++)
                {
                    s[i] *= inverse;
                }

                ((float*)sums)[row] = sum == 0 ? float.NegativeInfinity : (float)(largest + Math.Log(sum));
            }
        });
        GC.KeepAlive(scores);
        GC.KeepAlive(lse);
    }

    /// <summary>From raw scores to probabilities, and from their gradients to those of the raw scores, both in place.</summary>
    /// <param name="scores">Products of queries and keys.</param>
    /// <param name="gradients">Gradients of the probabilities, of the same shape.</param>
    /// <param name="lse">The log-sum-exp, <c>[Hq, B]</c>.</param>
    /// <param name="delta">Products of output and its gradient, <c>[Hq, B]</c>.</param>
    /// <param name="block">Where the rows lie.</param>
    /// <param name="program">The program.</param>
    /// <param name="scale">Factor on raw scores.</param>
    public static void Differentiate(Tensor scores, Tensor gradients, Tensor lse, Tensor delta, QueryBlock block, LayerProgram program, float scale)
    {
        var (data, slopes, sums, deltas) = (TensorData.Pointer(scores), TensorData.Pointer(gradients), TensorData.Pointer(lse), TensorData.Pointer(delta));
        RowLoop.Run(lse.numel(), block.Keys, (begin, end, _) =>
        {
            for (var row = begin; row < end; row++)
            {
                var s = new Span<float>((float*)data + (row * block.Keys), block.Keys);
                var d = new Span<float>((float*)slopes + (row * block.Keys), block.Keys);
                var (head, query, sum, share) = ((int)(row / block.Queries), block.Position + (int)(row % block.Queries), ((float*)sums)[row], ((float*)deltas)[row]);
                for (var i = 0; i < s.Length; i++)
                {
                    var (key, raw) = (block.FirstKey + i, s[i] * scale);
                    var seen = program.Sees(block.Document, head, query, key, block.Length);
                    var modified = seen ? program.Modify(raw, block.Document, head, query, key, block.Length) : float.NegativeInfinity;
                    s[i] = modified == float.NegativeInfinity ? 0 : MathF.Exp(modified - sum);
                    d[i] = s[i] == 0 ? 0 : s[i] * (d[i] - share) * program.Slope(raw, block.Document, head, query, key, block.Length) * scale;
                }
            }
        });
        GC.KeepAlive(scores);
        GC.KeepAlive(gradients);
        GC.KeepAlive(lse);
        GC.KeepAlive(delta);
    }
}
