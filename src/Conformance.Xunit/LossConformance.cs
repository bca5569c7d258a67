using Neoteny.Losses;
using Xunit;

namespace Neoteny.Conformance.Xunit;

/// <summary>What a loss must do, as facts: inherit it for each <see cref="ILoss"/>.</summary>
public abstract class LossConformance : ExtensionConformance<ILoss>
{
    /// <inheritdoc/>
    protected override ConformanceSuite Suite => new LossSuite(Create, Settings);

    /// <summary>Loss and gradients agree with the reference.</summary>
    [SkippableFact]
    public void Loss_and_gradients_agree_with_the_reference() => Check();

    /// <summary>Large vocabularies agree with the reference.</summary>
    [SkippableFact]
    public void Large_vocabularies_agree_with_the_reference() => Check();

    /// <summary>What it supports it computes.</summary>
    [SkippableFact]
    public void What_it_supports_it_computes() => Check();

    /// <summary>Ignored labels cost nothing.</summary>
    [SkippableFact]
    public void Ignored_labels_cost_nothing() => Check();

    /// <summary>Extreme logits stay finite.</summary>
    [SkippableFact]
    public void Extreme_logits_stay_finite() => Check();

    /// <summary>Gradients are wanted before they are made.</summary>
    [SkippableFact]
    public void Gradients_are_wanted_before_they_are_made() => Check();

    /// <summary>Gradients are added to those already there.</summary>
    [SkippableFact]
    public void Gradients_are_added_to_those_already_there() => Check();

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
