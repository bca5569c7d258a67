using Neoteny.Adapters;
using Neoteny.Attention;
using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Offload;
using Neoteny.Parallelism;
using Neoteny.Quantization;

namespace Neoteny.Host.Plugins;

/// <summary>The interfaces under which a plugin provides something.</summary>
internal static class ExtensionPoints
{
    /// <summary>Their full names. Texts, so that asking does not load what their signatures name.</summary>
    public static IReadOnlySet<string> All { get; } = new HashSet<string>
    {
        "Neoteny.Attention." + nameof(IAttention),
        "Neoteny.Losses." + nameof(ILoss),
        "Neoteny.Modules." + nameof(IModuleOverride),
        "Neoteny.Adapters." + nameof(IAdapter),
        "Neoteny.Quantization." + nameof(IQuantizer),
        "Neoteny.Offload." + nameof(IOffload),
        "Neoteny.Parallelism." + nameof(IParallelism),
    };
}
