using Neoteny.Modules;
using Xunit;

namespace Neoteny.Conformance.Xunit;

/// <summary>What a module override must do, as facts: inherit it for each <see cref="IModuleOverride"/>.</summary>
public abstract class ModuleConformance : ExtensionConformance<IModuleOverride>
{
    /// <inheritdoc/>
    protected override ConformanceSuite Suite => new ModuleSuite(Create, Settings);

    /// <summary>Claims are sites of the model.</summary>
    [SkippableFact]
    public void Claims_are_sites_of_the_model() => Check();

    /// <summary>Outputs and gradients agree with the reference.</summary>
    [SkippableFact]
    public void Outputs_and_gradients_agree_with_the_reference() => Check();

    /// <summary>What it supports it computes.</summary>
    [SkippableFact]
    public void What_it_supports_it_computes() => Check();

    /// <summary>Weights are read anew in every call.</summary>
    [SkippableFact]
    public void Weights_are_read_anew_in_every_call() => Check();

    /// <summary>Nested blocks that it does not cover still run.</summary>
    [SkippableFact]
    public void Nested_blocks_that_it_does_not_cover_still_run() => Check();

    /// <summary>A wrapper calls what it wraps.</summary>
    [SkippableFact]
    public void A_wrapper_calls_what_it_wraps() => Check();

    /// <summary>A replayed segment gives the same bits.</summary>
    [SkippableFact]
    public void A_replayed_segment_gives_the_same_bits() => Check();

    /// <summary>Captured work serves other inputs.</summary>
    [SkippableFact]
    public void Captured_work_serves_other_inputs() => Check();

    /// <summary>Nothing is saved without recording.</summary>
    [SkippableFact]
    public void Nothing_is_saved_without_recording() => Check();

    /// <summary>Dropout drops in training only, and alike in both passes.</summary>
    [SkippableFact]
    public void Dropout_drops_in_training_only_and_alike_in_both_passes() => Check();

    /// <summary>The same inputs give the same bits on the CPU.</summary>
    [SkippableFact]
    public void The_same_inputs_give_the_same_bits_on_the_CPU() => Check();

    /// <summary>Inputs stay as they are.</summary>
    [SkippableFact]
    public void Inputs_stay_as_they_are() => Check();

    /// <summary>Nothing but the results stays alive.</summary>
    [SkippableFact]
    public void Nothing_but_the_results_stays_alive() => Check();

    /// <summary>Any thread may call it.</summary>
    [SkippableFact]
    public void Any_thread_may_call_it() => Check();
}
