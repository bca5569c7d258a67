using Neoteny.Conformance;
using Neoteny.Models.Decoder;

namespace Neoteny.Host.Swap;

/// <summary>Compares new implementations with the references, on the shapes of the running model.</summary>
internal static class Shapes
{
    /// <summary>The shapes of a model.</summary>
    /// <param name="model">The running one.</param>
    /// <param name="withWeights">Whether its own weights are compared with: on the compute thread between two steps only.</param>
    public static LiveShapes Of(DecoderModel model, bool withWeights = false)
    {
        var head = model.Head;
        return new LiveShapes
        {
            DType = model.BaseParameters[0].DType,
            Device = model.Device,
            Attention = [.. model.Spec.Kernels.DistinctBy(k => (k.Demands, k.Scale, k.QueryHeads, k.KeyHeads, k.HeadSize, k.ValueSize, k.Window, k.Softcap, k.Program))],
            HiddenSize = (int)head.Weight.Shape[1],
            VocabularySize = (int)head.Weight.Shape[0],
            LossDemands = model.LossDemands,
            HeadSoftcap = head.Softcap,
            Model = withWeights ? model : null,
        };
    }

    /// <summary>Compares an extension.</summary>
    /// <param name="what">Names it in the refusal.</param>
    /// <param name="extension">An attention kernel, a loss or a module override.</param>
    /// <param name="shapes">What with.</param>
    /// <exception cref="SwapRefusedException">It does not compute what the reference computes.</exception>
    public static void Check(string what, object extension, LiveShapes shapes)
    {
        var failures = Smoke.Check(extension, shapes);
        if (failures.Count > 0)
        {
            throw new SwapRefusedException($"{what} failed the check against the reference: {failures[0]}" + (failures.Count > 1 ? $" (and {failures.Count - 1} more)" : ""));
        }
    }
}
