using Neoteny.Conformance;
using Neoteny.Modules;
using Neoteny.Plugins.Tests.Samples;

namespace Neoteny.Plugins.Tests.Broken;

public sealed class ModuleSuiteTests
{
    private const string Results = "Outputs and gradients agree with the reference";
    private const ModuleFeatures Everything = ModuleFeatures.Deltas | ModuleFeatures.DeltaDropout | ModuleFeatures.DeltaMagnitude | ModuleFeatures.Biases | ModuleFeatures.StoredFormats;

    [Fact]
    public void Sound_overrides_of_norms_mlps_and_linear_maps_pass()
    {
        Caught.None(Suite(new() { Claims = IsRmsNorm, Make = s => new SampleNorm((INorm)s.Original) }), 9);
        Caught.None(Suite(new() { Claims = s => s.Original is IGatedMlp, Make = s => new SampleMlp(s), Supports = Everything }), 12);
        Caught.None(Suite(new() { Claims = s => s.Original is ILinear, Make = s => new SampleLinear(s), Supports = Everything }), 11);
        Caught.None(Suite(new() { Claims = s => s.Original is IGatedMlp, Make = s => new SampleWrapper((IGatedMlp)s.Current), Supports = Everything, Kind = OverrideKind.Wrap }), 13);
    }

    [Theory]
    [InlineData("embed_tokens")]
    [InlineData("rotary_emb")]
    [InlineData("qkv")]
    [InlineData("self_attn")]
    [InlineData("experts")]
    [InlineData("lm_head")]
    public void The_plain_block_of_every_other_role_agrees_with_its_reference(string name)
        => Caught.None(Suite(new() { Claims = s => s.Path.EndsWith(name, StringComparison.Ordinal), Make = s => s.Original, Supports = Everything }), 8);

    [Fact]
    public void A_gemma_offset_that_is_ignored_is_caught()
        => Catch(Results, "Gemma norms, tanh GELU, model.layers.0.input_layernorm", new() { Claims = IsRmsNorm, Make = s => new SampleNorm((INorm)s.Original, ignoresOffset: true) });

    [Fact]
    public void A_residual_that_is_ignored_is_caught()
        => Catch(Results, "norm with residual, output 0", new() { Claims = IsRmsNorm, Make = s => new SampleNorm((INorm)s.Original, ignoresResidual: true) });

    [Fact]
    public void A_layer_norm_replaced_by_an_rms_norm_is_caught()
        => Catch(Results, "layer norms", new() { Claims = s => s.Original is INorm, Make = s => new SampleNorm((INorm)s.Original) });

    [Fact]
    public void Claimed_deltas_that_are_ignored_are_caught() => Catch(Results, "deltas, model.layers.0.self_attn.q_proj, Float32: linear, output 0", Linear(s => new SampleLinear(s, ignoresDeltas: true)));

    [Fact]
    public void A_weight_that_is_kept_over_calls_is_caught() => Catch("Weights are read anew in every call", "output 0", new()
    {
        Claims = s => s.Path.EndsWith("q_proj", StringComparison.Ordinal),
        Make = s => new SampleLinear(s, cachesWeight: true),
        Supports = Everything,
    });

    [Fact]
    public void Another_mask_in_backward_is_caught()
        => Catch("Dropout drops in training only, and alike in both passes", "slope along", Linear(s => s.Deltas.Count > 0 ? new SampleLinear(s, forgetsBackwardMask: true) : new SampleLinear(s)));

    [Fact]
    public void Nested_blocks_that_are_passed_by_without_being_covered_are_caught()
    {
        Catch("Nested blocks that it does not cover still run", "model.layers.0.mlp.gate_proj is not called", Mlp(covered: null));
        var covered = Assert.Single(Suite(Mlp(covered: typeof(ILinear))).Run("Nested"));
        Assert.Equal("it covers what is nested, or nothing is", covered.Reason);

        static SampleOverride Mlp(Type? covered) => new() { Claims = s => s.Original is IGatedMlp, Make = s => new SampleMlp(s, callsPlain: true), Supports = Everything, Covered = covered };
    }

    [Fact]
    public void A_wrapper_that_replaces_is_caught() => Catch("A wrapper calls what it wraps", "was not called", new()
    {
        Claims = s => s.Original is IGatedMlp,
        Make = s => new SampleMlp(s),
        Supports = Everything,
        Kind = OverrideKind.Wrap,
    });

    [Fact]
    public void Claims_outside_of_the_model_and_empty_claims_are_caught()
    {
        Catch("Claims are sites of the model", "it claims 'model.layers.7.mlp'", new() { Claims = IsRmsNorm, Make = s => new SampleNorm((INorm)s.Original), AlsoClaims = "model.layers.7.mlp" });
        Catch("Claims are sites of the model", "it claims no site", new() { Claims = _ => false, Make = s => s.Original });
        Catch(Results, "nothing was tried", new() { Claims = _ => false, Make = s => s.Original });
    }

    [Fact]
    public void A_block_of_another_role_is_caught()
        => Catch(Results, "model.norm is a INorm, which its replacement SampleWrapper is not", new() { Claims = s => s.Path == "model.norm", Make = _ => new SampleWrapper(null!) });

    private static bool IsRmsNorm(ModuleSite site) => site.Original is INorm { Centered: false };

    private static SampleOverride Linear(Func<ModuleSite, IBlock> make) => new() { Claims = s => s.Original is ILinear, Make = make, Supports = Everything & ~ModuleFeatures.DeltaMagnitude };

    private static ModuleSuite Suite(SampleOverride @override) => new(() => @override);

    private static void Catch(string check, string text, SampleOverride @override) => Caught.By(Suite(@override), check, text);
}
