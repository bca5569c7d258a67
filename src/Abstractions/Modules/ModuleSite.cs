using Neoteny.Adapters;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Modules;

/// <summary>A named place in a model that holds a block.</summary>
/// <remarks>The host owns sites and their parameters; the original block stays, whatever replaces or wraps it.</remarks>
public sealed class ModuleSite
{
    private readonly List<Parameter> added = [];
    private readonly List<LowRankDelta> deltas = [];
    private readonly List<ModuleSite> nested = [];

    /// <summary>Creates a site with its plain block.</summary>
    /// <param name="path">The module path in the checkpoint's names, such as <c>model.layers.0.mlp</c>.</param>
    /// <param name="parameters">The parameters of the plain block itself, not those of nested sites.</param>
    public ModuleSite(string path, IReadOnlyList<Parameter> parameters) => (Path, Parameters) = (path, parameters);

    /// <summary>The module path in the checkpoint's names.</summary>
    public string Path { get; }

    /// <summary>The plain block; it reads the current blocks of nested sites.</summary>
    public IBlock Original { get; private set; } = null!;

    /// <summary>What runs now.</summary>
    public IBlock Current { get; private set; } = null!;

    /// <summary>Sites whose current blocks the plain block calls, directly.</summary>
    public IReadOnlyList<ModuleSite> Nested => nested;

    /// <summary>The parameters of the plain block itself.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Parameters that adapters added.</summary>
    public IReadOnlyList<Parameter> Added => added;

    /// <summary>What adapters attached here.</summary>
    public IReadOnlyList<LowRankDelta> Deltas => deltas;

    /// <summary>What this site and those below it carry that an override of it must support.</summary>
    public ModuleFeatures Carries
    {
        get
        {
            var sites = Below().Prepend(this).ToList();
            var features = sites.Any(s => s.Original is ILinear { Bias: not null } or IRouter { Bias: not null } or IExperts { DownBias: not null })
                ? ModuleFeatures.Biases : ModuleFeatures.None;
            features |= sites.Any(s => s.Original is IExperts { Activation.IsPlain: false }) ? ModuleFeatures.ExpertUnits : ModuleFeatures.None;
            foreach (var delta in sites.SelectMany(s => s.Deltas))
            {
                features |= ModuleFeatures.Deltas | (delta.Dropout > 0 ? ModuleFeatures.DeltaDropout : 0) | (delta.Magnitude is null ? 0 : ModuleFeatures.DeltaMagnitude)
                    | (delta.Bias is null ? 0 : ModuleFeatures.DeltaBias);
            }

            return features | (sites.SelectMany(s => s.Parameters).Any(p => p.Format != DenseFormat.Instance) ? ModuleFeatures.StoredFormats : 0);
        }
    }

    /// <summary>Sets the plain block, once, while the model is built.</summary>
    public TBlock Fill<TBlock>(TBlock block)
        where TBlock : IBlock
    {
        if (Original is not null)
        {
            throw new InvalidOperationException($"Site {Path} has its block already.");
        }

        Original = Current = block;
        return block;
    }

    /// <summary>Says that the plain block calls the blocks of these sites, while the model is built.</summary>
    public void Nest(params ReadOnlySpan<ModuleSite> sites) => nested.AddRange(sites);

    /// <summary>All sites below this one.</summary>
    public IEnumerable<ModuleSite> Below() => nested.SelectMany(n => n.Below().Prepend(n));

    /// <summary>Creates a host-owned parameter for an adapter.</summary>
    /// <param name="name">Its name below this site, such as <c>lora_A.weight</c>.</param>
    /// <param name="initial">Its first values; ownership is handed over.</param>
    /// <param name="parts">How files lay it out; null for as it is.</param>
    public Parameter AddParameter(string name, Tensor initial, IReadOnlyList<ParameterPart>? parts = null)
    {
        var parameter = new Parameter($"{Path}.{name}", initial, parts) { Trains = true };
        added.Add(parameter);
        return parameter;
    }

    /// <summary>Attaches a delta: the plain block and overrides read it from <see cref="Deltas"/>.</summary>
    public void Attach(LowRankDelta delta) => deltas.Add(delta);

    /// <summary>Takes all deltas off, after merging them.</summary>
    public void Detach()
    {
        foreach (var parameter in added)
        {
            parameter.Dispose();
        }

        added.Clear();
        deltas.Clear();
    }

    /// <summary>Puts another block in place; the roles must agree. Between two optimizer steps only.</summary>
    /// <exception cref="ArgumentException">The block lacks a role of the original.</exception>
    public void Replace(IBlock block)
    {
        var roles = Original.GetType().GetInterfaces().Where(i => typeof(IBlock).IsAssignableFrom(i) && i != typeof(IBlock) && i != typeof(IResidualNorm));
        if (roles.FirstOrDefault(r => !r.IsInstanceOfType(block)) is { } missing)
        {
            throw new ArgumentException($"{Path} is a {missing.Name}, which its replacement {block.GetType().Name} is not.");
        }

        Current = block;
    }

    /// <summary>Puts the plain block back.</summary>
    public void Restore() => Current = Original;
}

/// <summary>All sites of a model.</summary>
public interface IModuleTree
{
    /// <summary>The sites in the model's order.</summary>
    IReadOnlyList<ModuleSite> Sites { get; }
}

/// <summary>Looks sites up.</summary>
public static class ModuleTreeExtensions
{
    /// <summary>The sites whose plain block has a role.</summary>
    public static IEnumerable<ModuleSite> Of<TRole>(this IModuleTree tree)
        where TRole : IBlock
        => tree.Sites.Where(s => s.Original is TRole);

    /// <summary>The site at a path.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public static ModuleSite At(this IModuleTree tree, string path)
        => tree.Sites.FirstOrDefault(s => s.Path == path) ?? throw new KeyNotFoundException($"The model has no site '{path}'.");
}
