using Neoteny.Adapters;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>The products of a low-rank delta. T tokens, I input features, O output features, R rank.</summary>
public static class LowRank
{
    /// <summary><c>h[T, R] = x A'</c>, in the dtype of x.</summary>
    public static Tensor Down(LowRankDelta delta, Tensor x_TI)
    {
        using var a_RI = delta.A.Rent(x_TI.dtype);
        return nn.functional.linear(x_TI, a_RI.Tensor);
    }

    /// <summary><c>y[T, O] += s (h B' + b)</c>, in place.</summary>
    public static void Up(LowRankDelta delta, Tensor h_TR, Tensor y_TO)
    {
        using var b_OR = delta.B.Rent(h_TR.dtype);
        using var transposed = b_OR.Tensor.t();
        y_TO.addmm_(h_TR, transposed, 1f, (float)delta.Scale);
        if (delta.Bias is { } bias)
        {
            using var b_O = bias.Rent(y_TO.dtype);
            y_TO.add_(b_O.Tensor, Scalars.Of(delta.Scale));
        }
    }

    /// <summary>Adds the gradients of A, B and its bias, and the input's gradient to <paramref name="dx_TI"/> where given.</summary>
    /// <param name="delta">The delta.</param>
    /// <param name="dy_TO">Gradient of the output.</param>
    /// <param name="dropped_TI">The input after dropout.</param>
    /// <param name="h_TR">What <see cref="Down"/> returned.</param>
    /// <param name="mask_TI">The dropout mask with its factor, or null.</param>
    /// <param name="dx_TI">Gradient of the input, added to in place; null when not wanted.</param>
    public static void Backward(LowRankDelta delta, Tensor dy_TO, Tensor dropped_TI, Tensor h_TR, Tensor? mask_TI, Tensor? dx_TI)
    {
        var scale = Scalars.Of(delta.Scale);
        Tensor dh_TR;
        using (var b_OR = delta.B.Rent(dy_TO.dtype))
        {
            dh_TR = dy_TO.mm(b_OR.Tensor).mul_(scale);
        }

        if (delta.B.Trains)
        {
            delta.B.AddProduct(dy_TO, h_TR.mul(scale));
        }

        if (delta.Bias is { Trains: true } bias)
        {
            bias.AddGradient(dy_TO.sum(0L).mul_(scale));
        }

        if (delta.A.Trains)
        {
            delta.A.AddProduct(dh_TR, dropped_TI);
        }

        if (dx_TI is not null)
        {
            using var a_RI = delta.A.Rent(dy_TO.dtype);
            if (mask_TI is null)
            {
                dx_TI.addmm_(dh_TR, a_RI.Tensor, 1f, 1f);
            }
            else
            {
                dx_TI.add_(dh_TR.mm(a_RI.Tensor).mul_(mask_TI), Scalars.One);
            }
        }
    }
}
