using Neoteny.Modules;
using Neoteny.Parallelism;
using Neoteny.Parameters;
using Neoteny.Plugins;

namespace PluginNamespace;

/// <summary>Every rank holds all weights and sees other tokens; gradients are summed while backward goes on.</summary>
[Provides("my_plugin", Summary = "Whole weights on every rank, gradients summed.")]
public sealed class DataParallel : IParallelism
{
    private const string Axis = "dp";
    private readonly List<ICollective> pending = [];

    /// <inheritdoc/>
    public IReadOnlyList<string> Axes { get; } = [Axis];

    /// <inheritdoc/>
    public Placement Plan(ModuleSite site, Parameter parameter, IDeviceMesh mesh) => Placement.Replicated;

    /// <inheritdoc/>
    public void GradientCompleted(Parameter parameter, IDeviceMesh mesh)
    {
        // On one rank there is nobody to sum with.
        if (mesh.Size(Axis) > 1 && parameter.Gradient is { } gradient)
        {
            pending.Add(mesh.Group(Axis).AllReduce(gradient));
        }
    }

    /// <inheritdoc/>
    public void FinishGradients(IDeviceMesh mesh)
    {
        foreach (var collective in pending)
        {
            collective.Wait();
        }

        pending.Clear();
    }
}
