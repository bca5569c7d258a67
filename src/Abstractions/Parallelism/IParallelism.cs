using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;

namespace Neoteny.Parallelism;

/// <summary>The parallelism point: placements of parameters, gradients, sequence and experts on a named mesh.</summary>
/// <remarks>Called on the compute thread of every rank with the same arguments. Cannot be swapped mid-run.</remarks>
public interface IParallelism
{
    /// <summary>The axes of the mesh that it uses, in the order of their names.</summary>
    IReadOnlyList<string> Axes { get; }

    /// <summary>Where a parameter's elements go; <see cref="Placement.Replicated"/> to leave it whole.</summary>
    Placement Plan(ModuleSite site, Parameter parameter, IDeviceMesh mesh);

    /// <summary>Where a parameter's pieces live under that placement; null when they stay as they are.</summary>
    IWeightHome? Home(ModuleSite site, Parameter parameter, IDeviceMesh mesh) => null;

    /// <summary>Blocks around sites (sequence exchange, tensor-parallel enter and exit, expert dispatch); null for none.</summary>
    IModuleOverride? Wrappers(IDeviceMesh mesh) => null;

    /// <summary>Hears the segments.</summary>
    ISegmentObserver? Segments(IDeviceMesh mesh) => null;

    /// <summary>A parameter's gradient is complete on this rank: start to reduce it.</summary>
    void GradientCompleted(Parameter parameter, IDeviceMesh mesh)
    {
    }

    /// <summary>All gradients must be reduced now; called once before the optimizer runs.</summary>
    void FinishGradients(IDeviceMesh mesh)
    {
    }

    /// <summary>The axes over which the squared gradient norm of a parameter must be summed.</summary>
    IReadOnlyList<string> NormAxes(Parameter parameter) => [];
}
