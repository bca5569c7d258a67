using Neoteny.Autograd;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace PluginNamespace;

/// <summary><c>y = x / sqrt(mean(x^2) + eps) * (w + offset)</c> over the last dimension (Zhang and Sennrich 2019), in fp32 whatever the input.</summary>
internal sealed class NormOperator(Parameter weight, double epsilon, double offset) : Operator
{
    public override string Name => "my_plugin_norm";

    public override IReadOnlyList<Parameter> Parameters { get; } = [weight];

    public override void Forward(ForwardContext context)
    {
        var x = context.Input(0).to(ScalarType.Float32);
        var inverse = x.mul(x).mean([-1L], keepdim: true).add_(Scalars.Of(epsilon), Scalars.One).rsqrt_();
        using var w = weight.Rent(ScalarType.Float32);
        context.Emit(x.mul(inverse).mul_(w.Tensor.add(Scalars.Of(offset), Scalars.One)).to(context.Input(0).dtype));

        // One number a row beside the input, which the layer keeps anyway.
        context.SaveInput(0);
        context.Save(inverse);
    }

    public override void Backward(BackwardContext context)
    {
        var (dy, inverse) = (context.Gradient.to(ScalarType.Float32), context.Extra(0));
        var normed = context.Input(0).to(ScalarType.Float32).mul(inverse);
        using var w = weight.Rent(ScalarType.Float32);
        if (weight.Trains)
        {
            weight.AddGradient(dy.mul(normed).reshape(-1, w.Tensor.size(0)).sum([0L]).to(weight.DType));
        }

        var g = dy.mul(w.Tensor.add(Scalars.Of(offset), Scalars.One));
        context.Give(0, g.sub(normed.mul(g.mul(normed).mean([-1L], keepdim: true))).mul_(inverse).to(context.Input(0).dtype));
    }
}
