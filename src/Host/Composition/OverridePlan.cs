using Neoteny.Modules;

namespace Neoteny.Host.Composition;

/// <summary>Decides which override takes which site, from claims on the untouched model.</summary>
/// <remarks>
/// Of two replacements on one site an automatic one yields; two explicit ones are an error. Of two whose sites nest, the outer wins where it
/// covers the inner one's role; otherwise that is an error too. Wrappers stack.
/// </remarks>
internal sealed class OverridePlan
{
    private readonly List<Claim> replacements = [];
    private readonly List<Claim> wrappers = [];
    private readonly List<string> notes = [];

    private OverridePlan()
    {
    }

    /// <summary>Replacements, at most one a site.</summary>
    public IReadOnlyList<Claim> Replacements => replacements;

    /// <summary>Wrappers, the innermost first.</summary>
    public IReadOnlyList<Claim> Wrappers => wrappers;

    /// <summary>What yielded to what, in plain words.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>Gathers and checks the claims of all overrides, in the order of the configuration's plugins.</summary>
    /// <exception cref="InputException">Two replacements conflict, or an override cannot carry what its site carries.</exception>
    /// <exception cref="NeotenyException">An override claims a site that is not there.</exception>
    public static OverridePlan Make(IModuleTree model, IEnumerable<(ExtensionSource Source, IModuleOverride Override)> overrides)
    {
        var plan = new OverridePlan();
        foreach (var (source, @override) in overrides)
        {
            var claims = Claims(model, source, @override);
            if (claims.Count == 0)
            {
                plan.notes.Add($"{source} matches nothing in this model and has no effect.");
            }

            foreach (var claim in claims)
            {
                FeatureCheck.Demand(source, claim.Site.Path, claim.Site.Carries, @override.Supports);
                if (!claim.Replaces)
                {
                    plan.wrappers.Add(claim);
                }
                else if (plan.Admits(claim))
                {
                    plan.replacements.Add(claim);
                }
            }
        }

        return plan;
    }

    /// <summary>Puts the blocks in place: replacements first, then wrappers around them.</summary>
    public void Apply()
    {
        foreach (var claim in replacements.Concat(wrappers))
        {
            claim.Site.Replace(claim.Override.Replace(claim.Site));
        }
    }

    /// <summary>The plan as lines of a composition, in the order in which it is applied.</summary>
    public IEnumerable<CompositionEntry> Entries => Lines("override", replacements).Concat(Lines("wrap", wrappers));

    private static IEnumerable<CompositionEntry> Lines(string stage, IEnumerable<Claim> claims)
        => claims.GroupBy(c => c.Source).Select(g => new CompositionEntry(stage, g.Key, [.. g.Select(c => c.Site.Path)]));

    private static List<Claim> Claims(IModuleTree model, ExtensionSource source, IModuleOverride @override)
        => [.. @override.Claim(model).Select(path => new Claim(source, @override, model.Sites.FirstOrDefault(s => s.Path == path)
            ?? throw new NeotenyException($"{source} claims '{path}', which this model does not have. This is an error of the plugin.")))];

    private bool Admits(Claim claim)
    {
        foreach (var other in replacements.ToArray())
        {
            var outer = other.Site == claim.Site ? null : other.Site.Below().Contains(claim.Site) ? other : claim.Site.Below().Contains(other.Site) ? claim : null;
            if (other.Site != claim.Site && outer is null)
            {
                continue;
            }

            var loser = Loser(claim, other, outer);
            notes.Add($"{loser.Site.Path}: {loser.Source} yields to {(loser == claim ? other : claim).Source}.");
            if (loser == claim)
            {
                return false;
            }

            replacements.Remove(other);
        }

        return true;
    }

    private static Claim Loser(Claim claim, Claim other, Claim? outer)
    {
        if (outer is not null)
        {
            var inner = outer == claim ? other : claim;
            if (Roles(inner.Site).All(outer.Override.Covers))
            {
                return inner;
            }
        }

        if (claim.Override.IsAutomatic != other.Override.IsAutomatic)
        {
            return claim.Override.IsAutomatic ? claim : other;
        }

        throw new InputException(outer is null
            ? $"{other.Source} and {claim.Source} both want to replace {claim.Site.Path}. Switch one of them off in the configuration."
            : $"{other.Source} wants to replace {other.Site.Path} and {claim.Source} {claim.Site.Path}, one inside the other. Switch one of them off in the configuration.");
    }

    private static IEnumerable<Type> Roles(ModuleSite site)
        => site.Original.GetType().GetInterfaces().Where(i => i != typeof(IBlock) && typeof(IBlock).IsAssignableFrom(i));
}
