using Neoteny.Plugins;

namespace Neoteny.Modules;

/// <summary>The module point: replaces or wraps the computation of sites, borrowing their weights.</summary>
/// <remarks>
/// Owns no trained state, so it may be swapped between two optimizer steps. Claims are gathered on the untouched model, checked for conflicts
/// and then applied; a replacement reads formats and deltas of the site, and the current blocks of nested sites, when it runs.
/// </remarks>
public interface IModuleOverride : IExtension<ModuleFeatures>
{
    /// <summary>The paths of the sites it wants. Called once per composition on the compute thread.</summary>
    IEnumerable<string> Claim(IModuleTree model);

    /// <summary>Makes the block for a claimed site. A wrapper takes <see cref="ModuleSite.Current"/> then and calls it from inside its own block.</summary>
    IBlock Replace(ModuleSite site);

    /// <summary>Whether it replaces the site's block or wraps it. Wrappers stack in the order of the configuration's plugins.</summary>
    OverrideKind Kind => OverrideKind.Replace;

    /// <summary>Whether its block also computes a nested site of this role, so that a replacement there yields to it.</summary>
    bool Covers(Type role) => false;

    /// <summary>Whether it was switched on by default rather than by the configuration: automatic claims yield to explicit ones.</summary>
    bool IsAutomatic => false;
}

/// <summary>What the site that an override takes may carry. Bits are never reused.</summary>
/// <remarks>An override that calls the current blocks of nested sites leaves their deltas to them, and may declare those bits.</remarks>
[Flags]
public enum ModuleFeatures : long
{
    /// <summary>Plain weights.</summary>
    None = 0,

    /// <summary>Low-rank deltas on the site or below it.</summary>
    Deltas = 1,

    /// <summary>Dropout on the input of deltas.</summary>
    DeltaDropout = 1 << 1,

    /// <summary>Deltas with magnitudes (DoRA).</summary>
    DeltaMagnitude = 1 << 2,

    /// <summary>Biases of linear sites, routers and experts.</summary>
    Biases = 1 << 3,

    /// <summary>Weights in a format that is not dense.</summary>
    StoredFormats = 1 << 4,

    /// <summary>Deltas with a bias of B.</summary>
    DeltaBias = 1 << 5,

    /// <summary>Experts whose gated unit is clamped, shifted or steeper (see <see cref="ExpertActivation.IsPlain"/>).</summary>
    ExpertUnits = 1 << 6,
}

/// <summary>How an override takes a site.</summary>
public enum OverrideKind
{
    /// <summary>Its block runs instead.</summary>
    Replace,

    /// <summary>Its block runs around the current one.</summary>
    Wrap,
}
