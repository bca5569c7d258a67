using Neoteny.Modules;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Head;

// C tokens, N labels of the tile, H hidden, R rank

/// <summary>A range of the head's vocabulary: logits of a block of tokens, and what their gradient gives. Belongs to the dispose scope around.</summary>
internal sealed class HeadTile
{
    private readonly IHead head;
    private readonly Tensor? own_NH;
    private readonly Tensor? bias_N;
    private readonly Tensor[] ups_NR;
    private readonly Tensor?[] upBiases_N;

    /// <summary>Takes a range of a head.</summary>
    /// <param name="head">The head.</param>
    /// <param name="weight_VH">Its rented weight, in any dtype; null where its format brings products of its own, and the range is the whole vocabulary.</param>
    /// <param name="dtype">The dtype of the products.</param>
    /// <param name="first">The first label.</param>
    /// <param name="count">How many labels.</param>
    public HeadTile(IHead head, Tensor? weight_VH, ScalarType dtype, long first, long count)
    {
        (this.head, First, Count) = (head, first, count);
        own_NH = weight_VH?.narrow(0, first, count).to(dtype);
        bias_N = Rows(head.Bias, dtype);
        ups_NR = [.. head.Deltas.Select(d => Rows(d.B, dtype)!)];
        upBiases_N = [.. head.Deltas.Select(d => Rows(d.Bias, dtype))];
    }

    /// <summary>The first label.</summary>
    public long First { get; }

    /// <summary>How many labels.</summary>
    public long Count { get; }

    /// <summary>Writes raw logits.</summary>
    public void Logits(TokenBlock block, Tensor z_CN)
    {
        using var scope = NewDisposeScope();
        if (own_NH is null)
        {
            z_CN.copy_(WeightProducts.Forward(head.Weight, head.Bias, block.Hidden));
        }
        else if (bias_N is null)
        {
            WideProducts.Set(z_CN, block.Hidden, own_NH.t());
        }
        else
        {
            WideProducts.Add(z_CN.copy_(bias_N), block.Hidden, own_NH.t());
        }

        for (var i = 0; i < ups_NR.Length; i++)
        {
            z_CN.addmm_(block.Down[i], ups_NR[i].t(), 1f, (float)head.Deltas[i].Scale);
            if (upBiases_N[i] is { } bias)
            {
                z_CN.add_(bias, Scalars.Of(head.Deltas[i].Scale));
            }
        }
    }

    /// <summary>Adds what the tile's gradient gives to the block's hidden states and to the head's parameters.</summary>
    /// <param name="block">The tokens.</param>
    /// <param name="dz_CN">Gradient of the raw logits.</param>
    /// <param name="gradients">The sums of the parameters.</param>
    /// <param name="weight_NH">The sum of the weight's gradient in this range, fp32 or in the dtype of the products; null where the weight is frozen or its format has products of its own.</param>
    /// <param name="replaces">Whether that sum holds nothing yet.</param>
    public void Backward(TokenBlock block, Tensor dz_CN, HeadGradients gradients, Tensor? weight_NH, bool replaces)
    {
        using var scope = NewDisposeScope();
        HiddenGradient(block, dz_CN);
        if (own_NH is null && head.Weight.Trains)
        {
            WeightProducts.WeightGradient(head.Weight, dz_CN, block.Hidden);
        }
        else if (weight_NH is not null)
        {
            WideProducts.Run(weight_NH, dz_CN.t(), block.Hidden, adds: !replaces);
        }

        gradients.Bias?.AddColumns(First, dz_CN, 1);
        for (var i = 0; i < ups_NR.Length; i++)
        {
            var scale = head.Deltas[i].Scale;
            WideProducts.Add(block.DownGradient[i], dz_CN, ups_NR[i]);
            if (gradients.Ups[i] is { } up)
            {
                WideProducts.Add(up.Rows(First, Count), dz_CN.t(), block.Down[i].mul(Scalars.Of(scale)));
            }

            gradients.UpBiases[i]?.AddColumns(First, dz_CN, scale);
        }
    }

    private void HiddenGradient(TokenBlock block, Tensor dz_CN)
    {
        var sum_CH = block.Gradient!;
        if (own_NH is null)
        {
            sum_CH.copy_(WeightProducts.InputGradient(head.Weight, dz_CN));
        }
        else
        {
            WideProducts.Run(sum_CH, dz_CN, own_NH, adds: block.HasGradient);
        }

        block.HasGradient = true;
    }

    private Tensor? Rows(Parameters.Parameter? parameter, ScalarType dtype)
    {
        if (parameter is null)
        {
            return null;
        }

        using var lease = parameter.Rent();
        return lease.Tensor.narrow(0, First, Count).to(dtype, copy: true);
    }
}
