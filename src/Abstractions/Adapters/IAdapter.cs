using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Plugins;
using static TorchSharp.torch;

namespace Neoteny.Adapters;

/// <summary>The adapter point: attaches low-rank data to sites, and turns it into files and back.</summary>
/// <remarks>
/// An adapter creates parameters through <see cref="ModuleSite.AddParameter"/>, so the host owns them. It does not compute: the plain
/// modules and the fused overrides do. Called on the compute thread, before training and when saving. Cannot be swapped mid-run.
/// </remarks>
public interface IAdapter : IExtension<AdapterFeatures>
{
    /// <summary>The paths of the sites it wants, on the untouched model. Called once; configuration errors throw <see cref="InputException"/>.</summary>
    IEnumerable<string> Claim(AdapterRequest request);

    /// <summary>The model's own parameters that train in full beside the deltas, by their names in the adapter's files; a shared one may come under two names.</summary>
    /// <remarks>The host lets them train, and loads them from <see cref="AdapterRequest.Saved"/>. Called once, before <see cref="Attach"/>.</remarks>
    IEnumerable<KeyValuePair<string, Parameter>> ClaimWhole(AdapterRequest request) => [];

    /// <summary>Makes the delta of one claimed site: fresh, or from <see cref="AdapterRequest.Saved"/>.</summary>
    LowRankDelta Attach(ModuleSite site, AdapterRequest request);

    /// <summary>Makes all deltas of one claimed site; the host calls this one. Stacked experts carry one for each of their parameters.</summary>
    IReadOnlyList<LowRankDelta> AttachAll(ModuleSite site, AdapterRequest request) => [Attach(site, request)];

    /// <summary>Whether these saved files are its own.</summary>
    bool Reads(AdapterFiles files);

    /// <summary>Turns the deltas, and what trained in full, into files. The tensors returned are borrowed from the parameters.</summary>
    AdapterFiles Export(AdapterExport export);
}

/// <summary>Optional semantics of adapters. Bits are never reused.</summary>
[Flags]
public enum AdapterFeatures : long
{
    /// <summary>Plain low-rank deltas on linear sites.</summary>
    None = 0,

    /// <summary>Dropout on the delta's input.</summary>
    Dropout = 1,

    /// <summary>Magnitudes (DoRA).</summary>
    Magnitude = 1 << 1,

    /// <summary>Embedding sites.</summary>
    Embeddings = 1 << 2,

    /// <summary>Stacked expert sites.</summary>
    Experts = 1 << 3,

    /// <summary>Biases of B.</summary>
    Bias = 1 << 4,
}

/// <summary>What an adapter is asked to attach to.</summary>
public sealed class AdapterRequest
{
    /// <summary>The untouched model.</summary>
    public required IModuleTree Model { get; init; }

    /// <summary>A saved adapter to go on from; null for a fresh one.</summary>
    public AdapterFiles? Saved { get; init; }

    /// <summary>Seed of the fresh initialization.</summary>
    public ulong Seed { get; init; }
}

/// <summary>What an adapter is asked to save.</summary>
public sealed class AdapterExport
{
    /// <summary>The model that the adapter is attached to.</summary>
    public required IModuleTree Model { get; init; }

    /// <summary>The deltas by site path, in the model's order.</summary>
    public required IReadOnlyList<KeyValuePair<string, LowRankDelta>> Deltas { get; init; }

    /// <summary>What the configuration called the base model.</summary>
    public required string BaseModel { get; init; }
}

/// <summary>An adapter as files: a JSON configuration and named tensors. The host reads and writes the files themselves.</summary>
public sealed class AdapterFiles
{
    /// <summary>The text of <c>adapter_config.json</c>.</summary>
    public required string Configuration { get; init; }

    /// <summary>The tensors of <c>adapter_model.safetensors</c> by name.</summary>
    public required IReadOnlyDictionary<string, Tensor> Tensors { get; init; }
}
