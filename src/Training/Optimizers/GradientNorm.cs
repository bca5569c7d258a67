using Neoteny.Parameters;
using Neoteny.Training.Optimizers.Kernels;
using static TorchSharp.torch;

namespace Neoteny.Training.Optimizers;

/// <summary>The global norm of all gradients, and the factor that clips it.</summary>
public static class GradientNorm
{
    // Keeps the factor finite, as in torch.nn.utils.clip_grad_norm_.
    private const double Floor = 1e-6;

    /// <summary>The L2 norm over all gradients together, computed in fp32; 0 without gradients.</summary>
    public static double Of(IEnumerable<Parameter> parameters)
    {
        using var norm = OnDevice(parameters);
        return norm?.item<float>() ?? 0;
    }

    /// <summary>The norm as an fp32 scalar where the gradients are, without waiting for it; null without gradients. The caller disposes it.</summary>
    internal static Tensor? OnDevice(IEnumerable<Parameter> parameters)
    {
        using var guard = no_grad();
        Tensor[] gradients = [.. parameters.Select(p => p.Gradient).OfType<Tensor>()];
        // libtorch measures many tensors of one dtype at once, those of several one by one.
        Tensor[][] alike = [.. gradients.GroupBy(static g => g.dtype).Select(static g => g.ToArray())];
        return alike.Length switch
        {
            0 => null,
            1 => Of(alike[0]),
            _ => Together(alike),
        };
    }

    private static Tensor Together(Tensor[][] alike)
    {
        using var scope = NewDisposeScope();
        return Of([.. alike.Select(static g => Of(g))]).DetachFromDisposeScope();
    }

    private static Tensor Of(Tensor[] gradients) => AdamWScripts.Invoke("norm", (object)gradients).DetachFromDisposeScope();

    /// <summary>The factor on all gradients: <c>min(1, maximum / (norm + 1e-6))</c>, or 1 where <paramref name="maximum"/> is 0.</summary>
    public static double ClipFactor(double norm, double maximum) => maximum > 0 ? Math.Min(1, maximum / (norm + Floor)) : 1;
}
