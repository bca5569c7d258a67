using Neoteny.Modules;
using Neoteny.Runtime.Cpu;
using Neoteny.Runtime.Operators.Kernels;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Rotary position embedding in the half-split layout (Su et al. 2021; feature i turns with feature i + D/2): the kernel that fits, or else a composition.</summary>
/// <remarks>Tensors are <c>[T, heads, D]</c>; the leading <c>2 * columns(cos)</c> features of a head turn, the rest pass. Computed in fp32. Stateless.</remarks>
public static class RotaryFunction
{
    /// <summary>Turns one or two tensors of a row.</summary>
    /// <param name="first">Queries, for instance.</param>
    /// <param name="second">Keys, or null.</param>
    /// <param name="angles">The row's angles.</param>
    /// <param name="backward">Whether to turn back, as gradients do.</param>
    /// <param name="inPlace">Whether to write into the inputs; they are returned then, else new tensors.</param>
    public static (Tensor First, Tensor? Second) Turn(Tensor first, Tensor? second, RotaryAngles angles, bool backward, bool inPlace)
    {
        Check(first, angles);
        if (second is not null)
        {
            Check(second, angles);
        }

        if (RotaryKernels.Handles(first, second, angles.Cosines))
        {
            return RotaryKernels.Turn(first, second, angles, backward, inPlace);
        }

        return (One(first, angles, backward, inPlace), second is null ? null : One(second, angles, backward, inPlace));
    }

    private static Tensor One(Tensor x_THD, RotaryAngles angles, bool backward, bool inPlace)
    {
        var (cos_TF, sin_TF) = (angles.Cosines, angles.Sines);
        if (RotaryLoops.Handles(x_THD, cos_TF, sin_TF))
        {
            var y_THD = inPlace ? x_THD : empty_like(x_THD);
            RotaryLoops.Turn(x_THD, y_THD, cos_TF, sin_TF, backward);
            return y_THD;
        }

        if (RotaryKernels.Handles(x_THD, null, cos_TF))
        {
            return RotaryKernels.Turn(x_THD, null, angles, backward, inPlace).First;
        }

        var half = cos_TF.size(1);
        var (cos, sin) = (cos_TF.unsqueeze(1), backward ? sin_TF.unsqueeze(1).neg() : sin_TF.unsqueeze(1));
        var (a, b) = (x_THD.narrow(-1, 0, half).to(ScalarType.Float32), x_THD.narrow(-1, half, half).to(ScalarType.Float32));
        var turned = cat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin), Scalars.One)], -1).to(x_THD.dtype);
        if (inPlace)
        {
            x_THD.narrow(-1, 0, 2 * half).copy_(turned);
            return x_THD;
        }

        return x_THD.size(-1) == 2 * half ? turned : cat([turned, x_THD.narrow(-1, 2 * half, x_THD.size(-1) - (2 * half))], -1);
    }

    private static void Check(Tensor x_THD, RotaryAngles angles)
    {
        var cos_TF = angles.Cosines;
        if (x_THD.dim() != 3 || x_THD.size(0) != cos_TF.size(0) || x_THD.size(2) < 2 * cos_TF.size(1))
        {
            throw new ArgumentException($"rotary: an input has shape [{string.Join(", ", x_THD.shape)}] where the angles [{string.Join(", ", cos_TF.shape)}] "
                + $"need [{cos_TF.size(0)}, heads, at least {2 * cos_TF.size(1)}].");
        }
    }
}
