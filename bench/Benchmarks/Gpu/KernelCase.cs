using Neoteny.Autograd;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Gpu;

/// <summary>One operator on the tape, with what it cannot do without.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Operator">Its name on the tape.</param>
/// <param name="Inputs">Shapes of its bf16 inputs, all differentiated.</param>
/// <param name="Forward">What forward reads and writes at least, in bytes, or its operations where <see cref="IsProduct"/>.</param>
/// <param name="Backward">The same of backward.</param>
/// <param name="Apply">Applies it.</param>
internal sealed record KernelCase(string Name, string Operator, long[][] Inputs, double Forward, double Backward, Func<Tape, Value[], Value[]> Apply)
{
    /// <summary>Whether matrix products bound it, not memory.</summary>
    public bool IsProduct { get; init; }

    /// <summary>What is done before each call and not measured.</summary>
    public Action? Before { get; init; }

    /// <summary>The exact gradient of the first input, in fp32, where it is compared; a new tensor.</summary>
    public Func<Tensor[], Tensor>? Exact { get; init; }

    /// <summary>Random inputs.</summary>
    public Tensor[] Make() => [.. Inputs.Select(s => randn(s, dtype: ScalarType.BFloat16, device: CUDA))];
}
