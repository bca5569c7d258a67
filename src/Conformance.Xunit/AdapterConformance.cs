using Neoteny.Adapters;
using Xunit;

namespace Neoteny.Conformance.Xunit;

/// <summary>What an adapter must do, as facts: inherit it for each <see cref="IAdapter"/>.</summary>
public abstract class AdapterConformance : ExtensionConformance<IAdapter>
{
    /// <inheritdoc/>
    protected override ConformanceSuite Suite => new AdapterSuite(Create, Settings);

    /// <summary>Claims are sites that can carry a delta.</summary>
    [SkippableFact]
    public void Claims_are_sites_that_can_carry_a_delta() => Check();

    /// <summary>Deltas have the shapes and features that are declared.</summary>
    [SkippableFact]
    public void Deltas_have_the_shapes_and_features_that_are_declared() => Check();

    /// <summary>A fresh adapter changes nothing.</summary>
    [SkippableFact]
    public void A_fresh_adapter_changes_nothing() => Check();

    /// <summary>Initial values depend on the seed and the site alone.</summary>
    [SkippableFact]
    public void Initial_values_depend_on_the_seed_and_the_site_alone() => Check();

    /// <summary>Gradients reach the delta and nothing else.</summary>
    [SkippableFact]
    public void Gradients_reach_the_delta_and_nothing_else() => Check();

    /// <summary>What was exported loads again.</summary>
    [SkippableFact]
    public void What_was_exported_loads_again() => Check();

    /// <summary>Files are named as PEFT names them.</summary>
    [SkippableFact]
    public void Files_are_named_as_PEFT_names_them() => Check();

    /// <summary>Files that do not fit are refused by name.</summary>
    [SkippableFact]
    public void Files_that_do_not_fit_are_refused_by_name() => Check();

    /// <summary>Merging gives what the adapter gave.</summary>
    [SkippableFact]
    public void Merging_gives_what_the_adapter_gave() => Check();

    /// <summary>Nothing but the results stays alive.</summary>
    [SkippableFact]
    public void Nothing_but_the_results_stays_alive() => Check();

    /// <summary>The same inputs give the same bits on the CPU.</summary>
    [SkippableFact]
    public void The_same_inputs_give_the_same_bits_on_the_CPU() => Check();

    /// <summary>Inputs stay as they are.</summary>
    [SkippableFact]
    public void Inputs_stay_as_they_are() => Check();

    /// <summary>Any thread may call it.</summary>
    [SkippableFact]
    public void Any_thread_may_call_it() => Check();
}
