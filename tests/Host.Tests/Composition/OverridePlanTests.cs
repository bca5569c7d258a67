using Neoteny.Host.Composition;
using Neoteny.Modules;

namespace Neoteny.Host.Tests.Composition;

/// <summary>Who gets a site that several overrides want. The model has an MLP with two projections and a norm, and a norm beside it.</summary>
public sealed class OverridePlanTests
{
    private readonly PlainTree model = new();

    [Fact]
    public void Claims_on_different_sites_stand_side_by_side_in_the_order_of_the_plugins()
    {
        var plan = Plan(new Override("a", "mlp.gate"), new Override("b", "norm"), new Override("c", "mlp.up"));

        Assert.Equal(["override: a (A 1.0) at mlp.gate", "override: b (B 1.0) at norm", "override: c (C 1.0) at mlp.up"], plan.Entries.Select(e => e.ToString()));
        Assert.Empty(plan.Notes);
        plan.Apply();
        Assert.Equal("a", model.At("mlp.gate").Current.ToString());
        Assert.Equal("b", model.At("norm").Current.ToString());
    }

    [Fact]
    public void Two_explicit_claims_on_one_site_are_an_error() => Refuses(
        "a (A 1.0) and b (B 1.0) both want to replace norm. Switch one of them off in the configuration.", new Override("a", "norm"), new Override("b", "norm"));

    [Fact]
    public void Two_automatic_claims_on_one_site_are_an_error_too() => Refuses(
        "a (A 1.0) and b (B 1.0) both want to replace norm. Switch one of them off in the configuration.", new Override("a", "norm") { IsAutomatic = true }, new Override("b", "norm") { IsAutomatic = true });

    [Theory]
    [InlineData(true, false, "override: b (B 1.0) at norm", "norm: a (A 1.0) yields to b (B 1.0).")]
    [InlineData(false, true, "override: a (A 1.0) at norm", "norm: b (B 1.0) yields to a (A 1.0).")]
    public void An_automatic_claim_yields_to_an_explicit_one_whichever_comes_first(bool isFirst, bool isSecond, string entry, string note)
    {
        var plan = Plan(new Override("a", "norm") { IsAutomatic = isFirst }, new Override("b", "norm") { IsAutomatic = isSecond });

        Assert.Equal([entry], plan.Entries.Select(e => e.ToString()));
        Assert.Equal([note], plan.Notes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_outer_claim_that_covers_the_inner_role_wins_whichever_comes_first(bool isOuterFirst)
    {
        Override[] both = [new("outer", "mlp") { Covered = typeof(ILinear) }, new("inner", "mlp.gate")];

        var plan = Plan(isOuterFirst ? both : [both[1], both[0]]);

        Assert.Equal(["override: outer (OUTER 1.0) at mlp"], plan.Entries.Select(e => e.ToString()));
        Assert.Equal(["mlp.gate: inner (INNER 1.0) yields to outer (OUTER 1.0)."], plan.Notes);
    }

    [Fact]
    public void An_outer_claim_wins_over_explicit_inner_ones_even_where_it_is_automatic()
    {
        var plan = Plan(new Override("inner", "mlp.gate", "mlp.up"), new Override("outer", "mlp") { Covered = typeof(ILinear), IsAutomatic = true });

        Assert.Equal(["override: outer (OUTER 1.0) at mlp"], plan.Entries.Select(e => e.ToString()));
        Assert.Equal(2, plan.Notes.Count);
    }

    [Theory]
    [InlineData(true, "inner (INNER 1.0) wants to replace mlp.norm and outer (OUTER 1.0) mlp, one inside the other. Switch one of them off in the configuration.")]
    [InlineData(false, "outer (OUTER 1.0) wants to replace mlp and inner (INNER 1.0) mlp.norm, one inside the other. Switch one of them off in the configuration.")]
    public void An_outer_claim_that_does_not_cover_the_inner_role_is_an_error(bool isInnerFirst, string message)
    {
        Override[] both = [new("outer", "mlp") { Covered = typeof(ILinear) }, new("inner", "mlp.norm")];

        Refuses(message, isInnerFirst ? [both[1], both[0]] : both);
    }

    [Fact]
    public void Of_two_nested_claims_an_automatic_one_yields_where_nothing_covers()
    {
        var plan = Plan(new Override("outer", "mlp") { IsAutomatic = true }, new Override("inner", "mlp.norm"));

        Assert.Equal(["override: inner (INNER 1.0) at mlp.norm"], plan.Entries.Select(e => e.ToString()));
        Assert.Equal(["mlp: outer (OUTER 1.0) yields to inner (INNER 1.0)."], plan.Notes);
    }

    [Fact]
    public void Wrappers_stack_around_the_replacement_whatever_the_order()
    {
        var plan = Plan(new Override("w", "norm") { Kind = OverrideKind.Wrap }, new Override("a", "norm"), new Override("v", "norm") { Kind = OverrideKind.Wrap });

        Assert.Equal(["override: a (A 1.0) at norm", "wrap: w (W 1.0) at norm", "wrap: v (V 1.0) at norm"], plan.Entries.Select(e => e.ToString()));
        plan.Apply();
        Assert.Equal("v(w(a))", model.At("norm").Current.ToString());
    }

    [Fact]
    public void An_override_that_matches_nothing_is_noted()
    {
        var plan = Plan(new Override("a"), new Override("b", "norm"));

        Assert.Equal(["a (A 1.0) matches nothing in this model and has no effect."], plan.Notes);
        Assert.Single(plan.Entries);
    }

    [Fact]
    public void A_claim_of_a_site_that_is_not_there_is_the_plugins_error() => Assert.Equal(
        "a (A 1.0) claims 'layers.9', which this model does not have. This is an error of the plugin.",
        Assert.Throws<NeotenyException>(() => Plan(new Override("a", "layers.9"))).Message);

    [Theory]
    [InlineData("mlp.gate", OverrideKind.Replace)]
    [InlineData("mlp", OverrideKind.Replace)]
    [InlineData("mlp", OverrideKind.Wrap)]
    public void What_a_site_or_one_below_it_carries_must_be_supported(string path, OverrideKind kind)
    {
        model.At("mlp.gate").Attach(PlainTree.Delta());

        Refuses($"a (A 1.0) does not support Deltas, which {path} needs. Choose another one, or a newer version of the plugin.", new Override("a", path) { Kind = kind });
        Assert.Single(Plan(new Override("a", path) { Kind = kind, Supports = ModuleFeatures.Deltas }).Entries);
        Assert.Single(Plan(new Override("a", "norm")).Entries);
    }

    private OverridePlan Plan(params Override[] overrides) =>
        OverridePlan.Make(model, overrides.Select(o => (new ExtensionSource(o.Name.ToUpperInvariant(), "1.0", o.Name), (IModuleOverride)o)));

    private void Refuses(string message, params Override[] overrides) => Assert.Equal(message, Assert.Throws<InputException>(() => Plan(overrides)).Message);

    private sealed class Override(string name, params string[] paths) : IModuleOverride
    {
        public string Name => name;

        public ModuleFeatures Supports { get; init; }

        public OverrideKind Kind { get; init; }

        public bool IsAutomatic { get; init; }

        public Type? Covered { get; init; }

        public IEnumerable<string> Claim(IModuleTree tree) => paths;

        public IBlock Replace(ModuleSite site) => new PlainTree.AnyBlock(Kind == OverrideKind.Wrap ? $"{name}({site.Current})" : name);

        public bool Covers(Type role) => role == Covered;
    }
}
