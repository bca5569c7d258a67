using Neoteny.Parallelism;
using Xunit;

namespace Neoteny.Conformance.Xunit;

/// <summary>What a parallelism plugin must do, as facts: inherit it for each <see cref="IParallelism"/>.</summary>
public abstract class ParallelismConformance : ExtensionConformance<IParallelism>
{
    /// <inheritdoc/>
    protected override ConformanceSuite Suite => new ParallelismSuite(Create, Settings);

    /// <summary>Its axes are named once each.</summary>
    [SkippableFact]
    public void Its_axes_are_named_once_each() => Check();

    /// <summary>Every parameter has one placement, the same on all ranks.</summary>
    [SkippableFact]
    public void Every_parameter_has_one_placement_the_same_on_all_ranks() => Check();

    /// <summary>One rank computes what no parallelism computes.</summary>
    [SkippableFact]
    public void One_rank_computes_what_no_parallelism_computes() => Check();

    /// <summary>Weights are whole when rented on every rank.</summary>
    [SkippableFact]
    public void Weights_are_whole_when_rented_on_every_rank() => Check();

    /// <summary>Gradients of replicated weights are summed over the ranks that see other tokens.</summary>
    [SkippableFact]
    public void Gradients_of_replicated_weights_are_summed_over_the_ranks_that_see_other_tokens() => Check();

    /// <summary>Norms are summed over axes of the mesh.</summary>
    [SkippableFact]
    public void Norms_are_summed_over_axes_of_the_mesh() => Check();

    /// <summary>The same ranks give the same bits on the CPU.</summary>
    [SkippableFact]
    public void The_same_ranks_give_the_same_bits_on_the_CPU() => Check();

    /// <summary>Nothing but the results stays alive.</summary>
    [SkippableFact]
    public void Nothing_but_the_results_stays_alive() => Check();

    /// <summary>Any thread may call it.</summary>
    [SkippableFact]
    public void Any_thread_may_call_it() => Check();
}
