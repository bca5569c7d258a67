using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Head;

// N rows of the parameter, C tokens, I columns

/// <summary>The gradient of one parameter as an fp32 sum over tiles, rounded at most once: when it is handed over.</summary>
/// <remarks>The parameter's own gradient is the sum where it is fp32; else memory of its own. Belongs to the dispose scope around.</remarks>
internal sealed class GradientSum
{
    private readonly Parameter parameter;
    private readonly ScalarType narrow;
    private readonly Tensor sum;
    private readonly bool isOwn;
    private readonly bool startsEmpty;

    /// <summary>Starts a sum.</summary>
    /// <param name="parameter">A parameter that trains.</param>
    /// <param name="narrow">The dtype that a first gradient arrives in where the parameter does not say which it gathers in.</param>
    /// <param name="device">The device of the factors.</param>
    /// <param name="startsEmpty">Whether the first product of each row replaces what is there, which saves writing zeros.</param>
    public GradientSum(Parameter parameter, ScalarType narrow, Device device, bool startsEmpty)
    {
        (this.parameter, this.narrow, this.startsEmpty) = (parameter, narrow, startsEmpty);
        isOwn = parameter.Gradient?.dtype != ScalarType.Float32;
        sum = !isOwn ? parameter.Gradient!.alias()
            : startsEmpty ? empty([.. parameter.Shape], dtype: ScalarType.Float32, device: device)
            : zeros([.. parameter.Shape], dtype: ScalarType.Float32, device: device);
    }

    /// <summary>Whether rows hold nothing before the first product replaces them.</summary>
    public bool IsEmpty => isOwn && startsEmpty;

    /// <summary>Rows of the sum, fp32 <c>[N, I]</c>, to add to in place: a view in the dispose scope around.</summary>
    public Tensor Rows(long from, long count) => sum.narrow(0, from, count);

    /// <summary>Adds the sums of columns, as a bias needs.</summary>
    /// <param name="from">The first element.</param>
    /// <param name="dz_CN">Gradients of the logits.</param>
    /// <param name="factor">What they are multiplied by.</param>
    public void AddColumns(long from, Tensor dz_CN, double factor)
    {
        using var scope = NewDisposeScope();
        sum.narrow(0, from, dz_CN.size(1)).add_(dz_CN.sum(0L, type: ScalarType.Float32), Runtime.Scalars.Of(factor));
    }

    /// <summary>Hands the sum over to the parameter.</summary>
    public void Complete()
    {
        if (!isOwn)
        {
            return;
        }

        if (parameter.Gradient is null)
        {
            parameter.GiveGradient(sum.to(parameter.GradientType ?? narrow));
        }
        else
        {
            parameter.AddGradient(sum);
        }
    }
}
