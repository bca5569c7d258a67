namespace Neoteny.Benchmarks.Cpu;

/// <summary>One operator in two ways, forward and backward.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Own">Runs it here.</param>
/// <param name="Plain">Runs the composition in TorchSharp with libtorch's autograd.</param>
/// <param name="Error">The largest relative difference between their results, over outputs and gradients.</param>
internal sealed record CpuCase(string Name, Action Own, Action Plain, Func<double> Error)
{
    /// <summary>Puts inputs that are overwritten back; not timed.</summary>
    public Action Prepare { get; init; } = static () => { };

    /// <summary>What the project asks for; null for nothing.</summary>
    public string? Target { get; init; }
}
