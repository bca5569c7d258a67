using Neoteny.Models.Decoder;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Models.Loading;

/// <summary>Fresh weights: normal with the configured deviation, norms neutral, biases and sinks at zero; the projections that end a residual branch are scaled by <c>1 / sqrt(2 layers)</c> (Radford et al. 2019).</summary>
internal sealed class FreshWeights(DecoderSpec spec, ModelLoadOptions options, ulong seed)
{
    public Tensor Make(string name, long[] shape)
    {
        using var scope = NewDisposeScope();
        return Draw(name, shape).to(options.DType ?? ScalarType.Float32).to(options.Device ?? CPU).MoveToOuterDisposeScope();
    }

    private Tensor Draw(string name, long[] shape)
    {
        if (shape.Length == 1 || name.EndsWith("_bias", StringComparison.Ordinal))
        {
            return name.EndsWith("norm.weight", StringComparison.Ordinal) ? full(shape, Runtime.Scalars.Of(1 - spec.NormOffset)) : zeros(shape);
        }

        var hash = name.Aggregate(14695981039346656037UL ^ seed, static (h, c) => (h ^ c) * 1099511628211UL);
        using var generator = new Generator(hash, CPU);
        var endsBranch = name.EndsWith("o_proj.weight", StringComparison.Ordinal) || name.EndsWith("down_proj.weight", StringComparison.Ordinal);
        return empty(shape).normal_(0, spec.InitializerRange * (endsBranch ? 1 / Math.Sqrt(2.0 * spec.Layers.Count) : 1), generator);
    }
}
