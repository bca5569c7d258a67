using Neoteny.Offload;
using Xunit;

namespace Neoteny.Conformance.Xunit;

/// <summary>What an offload plugin must do, as facts: inherit it for each <see cref="IOffload"/>.</summary>
public abstract class OffloadConformance : ExtensionConformance<IOffload>
{
    /// <inheritdoc/>
    protected override ConformanceSuite Suite => new OffloadSuite(Create, Settings);

    /// <summary>It stores activations, homes weights or hears segments.</summary>
    [SkippableFact]
    public void It_stores_activations_homes_weights_or_hears_segments() => Check();

    /// <summary>Saved tensors come back bit for bit in reverse order.</summary>
    [SkippableFact]
    public void Saved_tensors_come_back_bit_for_bit_in_reverse_order() => Check();

    /// <summary>Released tensors are freed.</summary>
    [SkippableFact]
    public void Released_tensors_are_freed() => Check();

    /// <summary>Weights come home bit for bit.</summary>
    [SkippableFact]
    public void Weights_come_home_bit_for_bit() => Check();

    /// <summary>Updates of a trained weight last.</summary>
    [SkippableFact]
    public void Updates_of_a_trained_weight_last() => Check();

    /// <summary>A step gives the same bits as without it.</summary>
    [SkippableFact]
    public void A_step_gives_the_same_bits_as_without_it() => Check();

    /// <summary>An abandoned step leaves nothing.</summary>
    [SkippableFact]
    public void An_abandoned_step_leaves_nothing() => Check();

    /// <summary>Nothing but the results stays alive.</summary>
    [SkippableFact]
    public void Nothing_but_the_results_stays_alive() => Check();

    /// <summary>Inputs stay as they are.</summary>
    [SkippableFact]
    public void Inputs_stay_as_they_are() => Check();

    /// <summary>Any thread may call it.</summary>
    [SkippableFact]
    public void Any_thread_may_call_it() => Check();
}
