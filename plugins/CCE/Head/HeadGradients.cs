using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Head;

/// <summary>The sums of the gradients of a head's parameters that train.</summary>
internal sealed class HeadGradients
{
    private readonly IHead head;

    /// <summary>Starts the sums of one call. They belong to the dispose scope around.</summary>
    /// <param name="input">The call.</param>
    /// <param name="sumsWeight">Whether the head's weight is summed here, block by block; else tile by tile elsewhere.</param>
    public HeadGradients(LossInput input, bool sumsWeight)
    {
        head = input.Head;
        var (dtype, device) = (input.Hidden.dtype, input.Hidden.device);
        GradientSum? Sum(Parameter? parameter) => parameter is { Trains: true } ? new GradientSum(parameter, dtype, device, startsEmpty: false) : null;

        // As the plain loss does: a head's gradient on a GPU is gathered in fp32 unless the parameter says otherwise.
        var wide = input.Hidden.device_type == TorchSharp.DeviceType.CUDA ? ScalarType.Float32 : dtype;
        Weight = sumsWeight && head.Weight.Trains ? new GradientSum(head.Weight, wide, device, startsEmpty: true) : null;
        Bias = Sum(head.Bias);
        Ups = [.. head.Deltas.Select(d => Sum(d.B))];
        UpBiases = [.. head.Deltas.Select(d => Sum(d.Bias))];
        Downs = [.. head.Deltas.Select(d => Sum(d.A))];
    }

    /// <summary>Of the weight, or null.</summary>
    public GradientSum? Weight { get; }

    /// <summary>Of the bias, or null.</summary>
    public GradientSum? Bias { get; }

    /// <summary>Of each delta's B, or null.</summary>
    public IReadOnlyList<GradientSum?> Ups { get; }

    /// <summary>Of each delta's bias, or null.</summary>
    public IReadOnlyList<GradientSum?> UpBiases { get; }

    /// <summary>Of each delta's A, or null.</summary>
    public IReadOnlyList<GradientSum?> Downs { get; }

    /// <summary>Ends a block: what goes through the deltas' A, once all tiles were seen.</summary>
    public void EndBlock(TokenBlock block)
    {
        using var scope = NewDisposeScope();
        for (var i = 0; i < head.Deltas.Count; i++)
        {
            var dh_CR = block.DownGradient[i].mul(Scalars.Of(head.Deltas[i].Scale)).to(block.Hidden.dtype);
            if (Downs[i] is { } down)
            {
                WideProducts.Add(down.Rows(0, dh_CR.size(1)), dh_CR.t(), block.Hidden);
            }

            using var a_RH = head.Deltas[i].A.Rent(block.Hidden.dtype);
            WideProducts.Add(block.Gradient!, dh_CR, a_RH.Tensor);
        }
    }

    /// <summary>Hands all sums over to their parameters.</summary>
    public void Complete()
    {
        IEnumerable<GradientSum?> all = [Weight, Bias, .. Ups, .. UpBiases, .. Downs];
        foreach (var sum in all)
        {
            sum?.Complete();
        }
    }
}
