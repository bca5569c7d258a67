using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Training.Optimizers.Kernels;

/// <summary>TorchScript compositions of the optimizer.</summary>
/// <remarks>
/// Numbers that change with the step come in a float64 tensor on the CPU, h = [learning rate, beta1, beta2, weight decay, epsilon, 1/(1 - beta1^t),
/// 1/(1 - beta2^t)]: numbers passed to a script directly become short-lived scalars, which TorchSharp does not keep alive during the call.
/// dtype 4 is int64, 6 fp32. TorchScript reads a hexadecimal number with an E in it as floating point, so they are decimal; it
/// cannot reinterpret bits either, so stochastic rounding takes the 24-bit mantissa apart, of which bf16 keeps the upper 8.
/// </remarks>
internal static class AdamWScripts
{
    private const string Source = """
        def fused(p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], s: List[Tensor], h: Tensor):
            torch._fused_adamw_(p, g, m, v, [], s, lr=float(h[0]), beta1=float(h[1]), beta2=float(h[2]), weight_decay=float(h[3]), eps=float(h[4]), amsgrad=False, maximize=False)
            return p[0]

        def fused_scaled(p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], s: List[Tensor], h: Tensor, inverse: Tensor):
            torch._fused_adamw_(p, g, m, v, [], s, lr=float(h[0]), beta1=float(h[1]), beta2=float(h[2]), weight_decay=float(h[3]), eps=float(h[4]), amsgrad=False, maximize=False, grad_scale=inverse)
            return p[0]

        def fused_on_device(p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], s: List[Tensor], h: Tensor, inverse: Tensor, broken: Tensor):
            torch._fused_adamw_(p, g, m, v, [], s, lr=float(h[0]), beta1=float(h[1]), beta2=float(h[2]), weight_decay=float(h[3]), eps=float(h[4]), amsgrad=False, maximize=False, grad_scale=inverse, found_inf=broken)
            return p[0]

        def clipping(loss: Tensor, norm: Tensor, maximum: float) -> List[Tensor]:
            broken = torch.logical_not(torch.logical_and(torch.isfinite(loss), torch.isfinite(norm))).to(6)
            inverse = torch.clamp((norm + 1e-6) / maximum, min=1.0) if maximum > 0.0 else torch.ones_like(norm)
            return [torch.where(broken > 0.0, torch.ones_like(inverse), inverse).to(6), broken]

        def plain_on_device(p: Tensor, g: Tensor, m: Tensor, v: Tensor, h: Tensor, inverse: Tensor, broken: Tensor):
            counts = 1.0 - broken
            g = torch.where(broken > 0.0, torch.zeros_like(g), g).to(6).div_(inverse)
            p.mul_(1.0 - counts * (float(h[0]) * float(h[3])))
            m.add_((g - m).mul_(counts * (1.0 - float(h[1]))))
            v.mul_(1.0 - counts * (1.0 - float(h[2]))).addcmul_(g, g, value=1.0 - float(h[2]))
            d = v.mul(float(h[6])).sqrt_().add_(float(h[4]))
            p.sub_(torch.div(m, d).mul_(counts * (float(h[0]) * float(h[5]))))
            return p

        def plain(p: Tensor, g: Tensor, m: Tensor, v: Tensor, h: Tensor, scale: Tensor):
            g = g.to(6) * float(scale)
            p.mul_(1.0 - float(h[0]) * float(h[3]))
            m.lerp_(g, 1.0 - float(h[1]))
            v.mul_(float(h[2])).addcmul_(g, g, value=1.0 - float(h[2]))
            d = v.mul(float(h[6])).sqrt_().add_(float(h[4]))
            p.addcdiv_(m, d, value=-float(h[0]) * float(h[5]))
            return p

        def mix(x: Tensor):
            x = torch.bitwise_and(torch.bitwise_xor(x, torch.bitwise_right_shift(x, 16)) * 2146121005, 4294967295)
            x = torch.bitwise_and(torch.bitwise_xor(x, torch.bitwise_right_shift(x, 15)) * 2221713035, 4294967295)
            return torch.bitwise_xor(x, torch.bitwise_right_shift(x, 16))

        def stochastic(p: Tensor, key: Tensor):
            index = torch.arange(p.numel(), dtype=4, device=p.device).view(p.shape)
            noise = torch.bitwise_right_shift(mix(torch.bitwise_and(index * 2654435769 + int(key), 4294967295)), 16)
            mantissa, exponent = torch.frexp(p.abs())
            kept = torch.bitwise_and((mantissa * 16777216.0).to(4) + noise, -65536)
            return torch.ldexp(kept.to(6), exponent - 24) * p.sign()

        def norm(g: List[Tensor]):
            return torch.linalg_vector_norm(torch.stack(torch._foreach_norm(g, 2, dtype=6)))

        """;

    private static readonly AtenScript Script = new(Source);

    /// <summary>Calls a function; arguments are tensors and arrays of tensors. The result belongs to the caller.</summary>
    public static Tensor Invoke(string function, params object[] arguments) => Script.Call(function, arguments);

    /// <summary>Calls a function with several results. They belong to the caller.</summary>
    public static Tensor[] InvokeMany(string function, params object[] arguments) => Script.CallMany(function, arguments);

    /// <summary>The tensor h. The caller disposes it.</summary>
    public static Tensor Numbers(in AdamWUpdate update, double weightDecay)
    {
        var settings = update.Settings;
        return tensor(
            new[] { update.LearningRate, settings.Beta1, settings.Beta2, weightDecay, settings.Epsilon, 1 / update.FirstCorrection, 1 / update.SecondCorrection },
            dtype: ScalarType.Float64);
    }
}
