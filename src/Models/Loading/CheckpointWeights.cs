using Neoteny.Models.Checkpoints;
using Neoteny.Models.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Models.Loading;

/// <summary>Gives a model its weights from a checkpoint: converted, unpacked from 8-bit floats, and with rows for new tokens.</summary>
/// <param name="checkpoint">The checkpoint; borrowed.</param>
/// <param name="config">Its configuration, without the new tokens.</param>
/// <param name="options">What is wanted.</param>
/// <param name="deviation">The deviation of fresh rows.</param>
internal sealed class CheckpointWeights(CheckpointReader checkpoint, HuggingFaceConfig config, ModelLoadOptions options, double deviation)
{
    private const int MostNamed = 8;

    private readonly Float8Scales scales = new(checkpoint, config);

    /// <summary>Checks that the checkpoint holds what the model needs, before any weight is read.</summary>
    /// <exception cref="InputException">It does not: the message lists every weight that is missing or has another shape.</exception>
    public void Check(IReadOnlyList<(string Name, long[] Shape)> needed)
    {
        var missing = needed.Where(n => !checkpoint.Contains(n.Name) && !Mxfp4.Holds(checkpoint, n.Name)).Select(n => n.Name).ToList();
        var misshapen = needed.Where(n => checkpoint.Contains(n.Name) && !checkpoint.Shape(n.Name).SequenceEqual(n.Shape) && !Grows(n.Name, n.Shape)).ToList();
        var known = needed.Select(n => n.Name).ToHashSet();
        var unused = checkpoint.Names.Where(n => !known.Contains(n) && !IsCompanion(n)).ToList();
        if (missing.Count == 0 && misshapen.Count == 0)
        {
            if (unused.Count > 0)
            {
                options.Note?.Invoke($"{checkpoint.Folder} has {unused.Count} {(unused.Count == 1 ? "tensor" : "tensors")} that the model does not use and does not save: {Some(unused)}");
            }

            return;
        }

        var parts = new List<string>();
        if (missing.Count > 0)
        {
            parts.Add($"the checkpoint has no {Tensors(missing.Count)} {Some([.. missing.Select(n => $"'{n}'")])}, which config.json calls for");
        }

        if (misshapen.Count > 0)
        {
            parts.Add(misshapen.Count == 1
                ? $"tensor '{misshapen[0].Name}' has shape {Shape(misshapen[0])} where config.json calls for [{string.Join(", ", misshapen[0].Shape)}]"
                : $"{misshapen.Count} tensors have other shapes than config.json calls for: {Some([.. misshapen.Select(m => $"'{m.Name}' {Shape(m)} instead of [{string.Join(", ", m.Shape)}]")])}");
        }

        if (unused.Count > 0)
        {
            parts.Add($"it has {unused.Count} {(unused.Count == 1 ? "tensor" : "tensors")} that the model does not use: {Some(unused)}");
        }

        throw new InputException($"{checkpoint.Folder}: {string.Join("; ", parts)}. {(missing.Count > 0 ? "The download is incomplete, or " : "")}config.json belongs to another model.");
    }

    /// <summary>Reads one weight; the caller owns it.</summary>
    public Tensor Read(string name, long[] shape)
    {
        if (!checkpoint.Contains(name))
        {
            return Mxfp4.Read(checkpoint, name, shape, options.DType ?? ScalarType.BFloat16, options.Device);
        }

        var weight = scales.Find(name) is { } scale
            ? scales.Read(name, scale, options.DType ?? config.DType ?? ScalarType.BFloat16, options.Device)
            : checkpoint.Read(name, Type(name), options.Device);
        return Grows(name, shape) ? Grow(weight, name, shape[0]) : weight;
    }

    private ScalarType? Type(string name)
    {
        // The correction is added to scores in fp32, where bf16 would change which experts are chosen.
        if (name.EndsWith(".e_score_correction_bias", StringComparison.Ordinal))
        {
            return null;
        }

        // 8-bit floats without scales are values all the same.
        return options.DType ?? (checkpoint.Entry(name).StoredType.StartsWith("F8_", StringComparison.Ordinal) ? config.DType ?? ScalarType.BFloat16 : null);
    }

    private bool Grows(string name, long[] shape)
    {
        var stored = checkpoint.Shape(name);
        return options.Rows is { } rows && shape.Length > 0 && shape[0] == rows.Count && stored.Count == shape.Length
            && stored[0] == config.Size("vocab_size") && stored[0] < shape[0] && stored.Skip(1).SequenceEqual(shape.Skip(1));
    }

    private Tensor Grow(Tensor weight, string name, long count)
    {
        using var owned = weight;
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var added = count - weight.size(0);
        var rows = options.Rows!.UsesMean
            ? weight.mean([0L], true, ScalarType.Float32).to(weight.dtype).expand([added, .. weight.shape[1..]])
            : Draw(name, [added, .. weight.shape[1..]]).to(weight.dtype).to(weight.device);
        return cat([weight, rows]).MoveToOuterDisposeScope().DetachFromDisposeScope();
    }

    private Tensor Draw(string name, long[] shape)
    {
        using var generator = new Generator(name.Aggregate(14695981039346656037UL, static (h, c) => (h ^ c) * 1099511628211UL), CPU);
        return empty(shape).normal_(0, deviation, generator);
    }

    // Scales belong to weights, frequencies are computed, and a tied head may be stored all the same.
    private static bool IsCompanion(string name)
        => name.EndsWith("_scale_inv", StringComparison.Ordinal) || name.EndsWith("_blocks", StringComparison.Ordinal) || name.EndsWith("_scales", StringComparison.Ordinal) || name.EndsWith("_scale", StringComparison.Ordinal)
            || name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal) || name == "lm_head.weight";

    private string Shape((string Name, long[] Shape) weight) => $"[{string.Join(", ", checkpoint.Shape(weight.Name))}]";

    private static string Tensors(int count) => count == 1 ? "tensor" : $"{count} tensors";

    private static string Some(IReadOnlyList<string> names) => string.Join(", ", names.Take(MostNamed)) + (names.Count > MostNamed ? $" and {names.Count - MostNamed} more" : "");
}
