using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>The values of parameters.</summary>
internal static class Weights
{
    /// <summary>A copy.</summary>
    public static Tensor Copy(Parameter parameter)
    {
        using var lease = parameter.Rent();
        return lease.Tensor.clone();
    }

    /// <summary>What is rented: for a dense resident parameter its own memory, in which a later change shows.</summary>
    public static Tensor Own(Parameter parameter)
    {
        using var lease = parameter.Rent();
        return lease.Tensor;
    }
}
