using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Liger;

/// <summary>RMSNorm or LayerNorm. Inputs: x, and the residual where it is to be added; outputs: the normed rows, and the sum.</summary>
/// <remarks>
/// Saves x or the sum, and one or two numbers a row. On CUDA the normed rows are made again for the gradients of what reads them. Backward adds the
/// gradient of the sum on the way, in place where that gradient belongs to nobody else.
/// </remarks>
internal sealed class FusedNorm(string name, INorm norm) : Operator
{
    private readonly NormSettings settings = new(norm.Epsilon, norm.Offset, norm.Centered);
    private readonly Parameter weight = norm.Weight;
    private readonly Parameter? bias = norm.Bias;

    public override string Name => name;

    public override IReadOnlyList<Parameter> Parameters { get; } = norm.Bias is null ? [norm.Weight] : [norm.Weight, norm.Bias];

    public override void Forward(ForwardContext context)
    {
        var x = context.Input(0);
        var residual = context.InputCount == 2 ? context.Input(1) : null;
        using var w = weight.Rent();
        using var b = (bias ?? weight).Rent();
        if (x.size(-1) != w.Tensor.size(0))
        {
            throw new ArgumentException($"{name}: {weight.Path} has {w.Tensor.size(0)} features, its input [{string.Join(", ", x.shape)}] has {x.size(-1)}.");
        }

        var result = NormFunction.Forward(x, residual, new NormWeights(w.Tensor, bias is null ? null : b.Tensor), settings);
        context.Emit(result.Output);
        if (result.Sum is { } sum)
        {
            context.Emit(sum);
            context.SaveOutput(1);
        }
        else
        {
            context.SaveInput(0);
        }

        context.Save(result.Inverse);
        if (result.Mean is { } mean)
        {
            context.Save(mean);
        }

        if (x.device_type == DeviceType.CUDA)
        {
            context.RecomputeOutput(0);
        }
    }

    public override Tensor Recompute(BackwardContext context, int output)
    {
        using var w = weight.Rent();
        using var b = (bias ?? weight).Rent();
        return NormFunction.Again(Normed(context), context.Extra(0), Mean(context), new NormWeights(w.Tensor, bias is null ? null : b.Tensor), settings);
    }

    public override void Backward(BackwardContext context)
    {
        var joins = context.InputCount == 2;
        if (context.OutputGradient(0) is not { } dy)
        {
            context.GiveShared(context.OutputGradient(1)!.clone(), 0, 1);
            return;
        }

        using var w = weight.Rent();
        using var b = (bias ?? weight).Rent();
        var added = (joins ? context.OutputGradient(1) : context.Gathered(0)) is { } other && other.is_contiguous() && other.dtype == dy.dtype ? other : null;
        var gradients = NormFunction.Backward(
            new NormBackward(dy, Normed(context), context.Extra(0), Mean(context))
            {
                Added = added,
                Into = joins && added is not null && context.MayOverwriteGradient(1) ? added : null,
                NeedsWeight = weight.Trains,
                NeedsBias = bias is { Trains: true },
            },
            new NormWeights(w.Tensor, bias is null ? null : b.Tensor),
            settings);
        Train(weight, gradients.Weight);
        Train(bias, gradients.Bias);
        if (joins)
        {
            var dx = added is null && context.OutputGradient(1) is { } apart ? gradients.Input.add_(apart, Runtime.Scalars.One) : gradients.Input;
            context.GiveShared(dx, 0, 1);
        }
        else if (added is null)
        {
            context.Give(0, gradients.Input);
        }
        else
        {
            context.GiveTotal(0, gradients.Input);
        }
    }

    private static Tensor Normed(BackwardContext context) => context.InputCount == 2 ? context.Output(1) : context.Input(0);

    private Tensor? Mean(BackwardContext context) => settings.Centered ? context.Extra(1) : null;

    private static void Train(Parameter? parameter, Tensor? gradient)
    {
        if (gradient is not null)
        {
            parameter!.GiveGradient(gradient);
        }
    }
}
