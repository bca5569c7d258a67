using Neoteny.Parameters;
using Neoteny.Runtime.Cuda.Products;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>The three products of a linear map with a weight in whatever format it is stored.</summary>
public static class WeightProducts
{
    /// <summary><c>y[T, O] = x W' + b</c>, a new tensor.</summary>
    public static Tensor Forward(Parameter weight, Parameter? bias, Tensor x_TI)
    {
        if (weight.Format.Product is { } product)
        {
            using var stored = weight.RentStored();
            var y_TO = product.Forward(stored.Stored, x_TI);
            if (bias is not null)
            {
                using var b = bias.Rent(y_TO.dtype);
                y_TO.add_(b.Tensor, Scalars.One);
            }

            return y_TO;
        }

        using var w_OI = weight.Rent(x_TI.dtype);
        if (bias is null)
        {
            return TriedProducts.TryMake(x_TI, w_OI.Tensor, transposes: true) ?? nn.functional.linear(x_TI, w_OI.Tensor);
        }

        using var b_O = bias.Rent(x_TI.dtype);
        return nn.functional.linear(x_TI, w_OI.Tensor, b_O.Tensor);
    }

    /// <summary><c>dx[T, I] = dy W</c>, a new tensor.</summary>
    public static Tensor InputGradient(Parameter weight, Tensor dy_TO)
    {
        if (weight.Format.Product is { } product)
        {
            using var stored = weight.RentStored();
            return product.InputGradient(stored.Stored, dy_TO);
        }

        using var w_OI = weight.Rent(dy_TO.dtype);
        return TriedProducts.TryMake(dy_TO, w_OI.Tensor, transposes: false) ?? dy_TO.mm(w_OI.Tensor);
    }

    /// <summary>Adds <c>dW[O, I] = dy' x</c> to the parameter's gradient.</summary>
    public static void WeightGradient(Parameter weight, Tensor dy_TO, Tensor x_TI)
    {
        if (weight.Format.Product is { } product)
        {
            using var stored = weight.RentStored();
            if (product.WeightGradient(stored.Stored, dy_TO, x_TI) is { } gradient)
            {
                weight.AddGradient(gradient);
                return;
            }
        }

        if (dy_TO.device_type == TorchSharp.DeviceType.CUDA && dy_TO.dtype is ScalarType.BFloat16 or ScalarType.Float16
            && (weight.GradientType ?? weight.Gradient?.dtype) == ScalarType.Float32 && TryAddWide(weight, dy_TO, x_TI))
        {
            return;
        }

        weight.AddProduct(dy_TO, x_TI);
    }

    /// <summary>Adds <c>left' right</c> of 16-bit matrices to a parameter's gradient in fp32, on CUDA, without rounding in between. The first product of all is written, not added to zeros.</summary>
    /// <param name="weight">The parameter <c>[O, I]</c>.</param>
    /// <param name="left_TO">Left factor, bf16 or fp16.</param>
    /// <param name="right_TI">Right factor in the same dtype.</param>
    /// <returns>Whether it was done: not where the gradient is gathered in another dtype.</returns>
    public static bool TryAddWide(Parameter weight, Tensor left_TO, Tensor right_TI)
    {
        if (weight is { Gradient: null, GradientType: null or ScalarType.Float32 })
        {
            var gradient_OI = weight.NewGradient(ScalarType.Float32, left_TO.device);
            using var transposed = left_TO.t();
            WideProducts.Set(gradient_OI, transposed, right_TI);
            weight.SetGradient(gradient_OI);
            return true;
        }

        if (weight.GradientIn(ScalarType.Float32) is not { } sum_OI)
        {
            return false;
        }

        AddWide(sum_OI, left_TO, right_TI);
        return true;
    }

    /// <summary>Adds <c>left' right</c> of 16-bit matrices to an fp32 matrix on CUDA without rounding in between.</summary>
    /// <param name="sum_OI">What is added to, in place.</param>
    /// <param name="left_TO">Left factor, bf16 or fp16.</param>
    /// <param name="right_TI">Right factor in the same dtype.</param>
    public static void AddWide(Tensor sum_OI, Tensor left_TO, Tensor right_TI)
    {
        using var transposed = left_TO.t();
        WideProducts.Add(sum_OI, transposed, right_TI);
    }
}
