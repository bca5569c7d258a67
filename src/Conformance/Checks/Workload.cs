using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>A call that can be repeated: what checks of conduct (leaks, threads, determinism) run.</summary>
/// <param name="Inputs">Every tensor lent to the implementation, by name.</param>
/// <param name="Call">Calls it and returns the results, owned by the dispose scope around.</param>
internal sealed record Workload(IReadOnlyList<(string Name, Tensor Tensor)> Inputs, Func<IReadOnlyList<(string Name, Tensor Tensor)>> Call)
{
    /// <summary>Calls it inside a scope of its own and drops the results.</summary>
    public void Drop()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        Call();
    }

    /// <summary>Calls it and copies the results into the caller's dispose scope.</summary>
    public IReadOnlyList<(string Name, Tensor Tensor)> Keep()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        return [.. Call().Select(r => (r.Name, r.Tensor.clone().MoveToOuterDisposeScope()))];
    }
}
