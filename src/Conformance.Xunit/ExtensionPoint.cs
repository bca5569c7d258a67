using Neoteny.Adapters;
using Neoteny.Attention;
using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Offload;
using Neoteny.Parallelism;
using Neoteny.Quantization;

namespace Neoteny.Conformance.Xunit;

/// <summary>An extension point with the class that tries it.</summary>
/// <param name="Name">As users know it.</param>
/// <param name="Contract">The interface.</param>
/// <param name="ConformanceClass">The name of the class to inherit.</param>
internal sealed record ExtensionPoint(string Name, Type Contract, string ConformanceClass)
{
    private static readonly ExtensionPoint[] All =
    [
        new("attention", typeof(IAttention), nameof(AttentionConformance)),
        new("loss", typeof(ILoss), nameof(LossConformance)),
        new("module", typeof(IModuleOverride), nameof(ModuleConformance)),
        new("adapter", typeof(IAdapter), nameof(AdapterConformance)),
        new("quantizer", typeof(IQuantizer), nameof(QuantizerConformance)),
        new("offload", typeof(IOffload), nameof(OffloadConformance)),
        new("parallelism", typeof(IParallelism), nameof(ParallelismConformance)),
    ];

    /// <summary>The points that a class implements.</summary>
    public static IEnumerable<ExtensionPoint> Of(Type extension) => All.Where(p => p.Contract.IsAssignableFrom(extension));
}
