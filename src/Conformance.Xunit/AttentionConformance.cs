using Neoteny.Attention;
using Xunit;

namespace Neoteny.Conformance.Xunit;

/// <summary>What an attention kernel must do, as facts: inherit it for each <see cref="IAttention"/>.</summary>
public abstract class AttentionConformance : ExtensionConformance<IAttention>
{
    /// <inheritdoc/>
    protected override ConformanceSuite Suite => new AttentionSuite(Create, Settings);

    /// <summary>Results agree with the reference.</summary>
    [SkippableFact]
    public void Results_agree_with_the_reference() => Check();

    /// <summary>Gradients agree with the reference.</summary>
    [SkippableFact]
    public void Gradients_agree_with_the_reference() => Check();

    /// <summary>Merged blocks of keys run backward from the merged output.</summary>
    [SkippableFact]
    public void Merged_blocks_of_keys_run_backward_from_the_merged_output() => Check();

    /// <summary>What it supports it computes.</summary>
    [SkippableFact]
    public void What_it_supports_it_computes() => Check();

    /// <summary>What it refuses it refuses with a reason.</summary>
    [SkippableFact]
    public void What_it_refuses_it_refuses_with_a_reason() => Check();

    /// <summary>The same inputs give the same bits.</summary>
    [SkippableFact]
    public void The_same_inputs_give_the_same_bits() => Check();

    /// <summary>Calls may interleave.</summary>
    [SkippableFact]
    public void Calls_may_interleave() => Check();

    /// <summary>Captured work serves other documents.</summary>
    [SkippableFact]
    public void Captured_work_serves_other_documents() => Check();

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
