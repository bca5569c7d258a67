using Neoteny.Quantization;
using Xunit;

namespace Neoteny.Conformance.Xunit;

/// <summary>What a quantizer must do, as facts: inherit it for each <see cref="IQuantizer"/>.</summary>
public abstract class QuantizerConformance : ExtensionConformance<IQuantizer>
{
    /// <inheritdoc/>
    protected override ConformanceSuite Suite => new QuantizerSuite(Create, Settings);

    /// <summary>Claims are sites of the model.</summary>
    [SkippableFact]
    public void Claims_are_sites_of_the_model() => Check();

    /// <summary>A packed weight unpacks within the bound.</summary>
    [SkippableFact]
    public void A_packed_weight_unpacks_within_the_bound() => Check();

    /// <summary>A rented weight has its logical shape and the wanted dtype.</summary>
    [SkippableFact]
    public void A_rented_weight_has_its_logical_shape_and_the_wanted_dtype() => Check();

    /// <summary>Packing twice gives the same pieces.</summary>
    [SkippableFact]
    public void Packing_twice_gives_the_same_pieces() => Check();

    /// <summary>Products agree with the unpacked weight.</summary>
    [SkippableFact]
    public void Products_agree_with_the_unpacked_weight() => Check();

    /// <summary>It says truly whether it can be trained.</summary>
    [SkippableFact]
    public void It_says_truly_whether_it_can_be_trained() => Check();

    /// <summary>A packed weight takes less memory than bf16.</summary>
    [SkippableFact]
    public void A_packed_weight_takes_less_memory_than_bf16() => Check();

    /// <summary>Exported tensors are named below the parameter.</summary>
    [SkippableFact]
    public void Exported_tensors_are_named_below_the_parameter() => Check();

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
