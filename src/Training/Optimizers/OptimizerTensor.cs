using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Training.Optimizers;

/// <summary>A tensor of an optimizer's state, to be saved.</summary>
/// <param name="Name">Its name in a checkpoint.</param>
/// <param name="DType">Its dtype.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Get">Gives a handle that the caller disposes; the values are read before the next step.</param>
public sealed record OptimizerTensor(string Name, ScalarType DType, IReadOnlyList<long> Shape, Func<Tensor> Get)
{
    internal static OptimizerTensor Of(string name, Tensor tensor) => new(name, tensor.dtype, tensor.shape, tensor.alias);

    internal static OptimizerTensor Of(Parameter parameter) => new(AdamWNames.Weight(parameter), parameter.DType, parameter.Shape, () =>
    {
        using var lease = parameter.Rent();
        return lease.Tensor.clone();
    });
}

/// <summary>The names of the optimizer's tensors in a checkpoint.</summary>
internal static class AdamWNames
{
    public static string FirstMoment(Parameter parameter) => $"{parameter.Path}.exp_avg";

    public static string SecondMoment(Parameter parameter) => $"{parameter.Path}.exp_avg_sq";

    public static string Weight(Parameter parameter) => $"{parameter.Path}.value";
}
