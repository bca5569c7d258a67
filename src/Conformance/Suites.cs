using Neoteny.Adapters;
using Neoteny.Attention;
using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Offload;
using Neoteny.Parallelism;
using Neoteny.Quantization;

namespace Neoteny.Conformance;

/// <summary>Finds the suite of an extension point.</summary>
public static class Suites
{
    private static readonly Dictionary<Type, Func<Func<object>, ConformanceSettings, ConformanceSuite>> All = new()
    {
        [typeof(IAttention)] = (create, settings) => new AttentionSuite(() => (IAttention)create(), settings),
        [typeof(ILoss)] = (create, settings) => new LossSuite(() => (ILoss)create(), settings),
        [typeof(IModuleOverride)] = (create, settings) => new ModuleSuite(() => (IModuleOverride)create(), settings),
        [typeof(IAdapter)] = (create, settings) => new AdapterSuite(() => (IAdapter)create(), settings),
        [typeof(IQuantizer)] = (create, settings) => new QuantizerSuite(() => (IQuantizer)create(), settings),
        [typeof(IOffload)] = (create, settings) => new OffloadSuite(() => (IOffload)create(), settings),
        [typeof(IParallelism)] = (create, settings) => new ParallelismSuite(() => (IParallelism)create(), settings),
    };

    /// <summary>The extension points that a class implements.</summary>
    public static IEnumerable<Type> PointsOf(Type extension) => All.Keys.Where(p => p.IsAssignableFrom(extension));

    /// <summary>The suite of an extension point.</summary>
    /// <param name="point">The point's interface.</param>
    /// <param name="create">Makes an instance as the host does, each time a new one.</param>
    /// <param name="settings">Device, dtypes and seed.</param>
    /// <exception cref="ArgumentException">The type is no extension point that the kit knows.</exception>
    public static ConformanceSuite Of(Type point, Func<object> create, ConformanceSettings settings)
        => All.TryGetValue(point, out var make) ? make(create, settings) : throw new ArgumentException($"The conformance kit has no suite for {point.FullName}.", nameof(point));
}
