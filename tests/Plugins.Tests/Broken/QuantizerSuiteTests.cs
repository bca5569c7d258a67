using Neoteny.Conformance;
using Neoteny.Parameters;
using Neoteny.Plugins.Tests.Samples;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Broken;

public sealed class QuantizerSuiteTests
{
    private static readonly IWeightFormat Int8 = RowInt8Format.Instance;

    [Fact]
    public void A_sound_quantizer_passes()
    {
        Caught.None(Suite(Int8, bound: 0.02), 12);
        Caught.None(Suite(new SampleFormat(Int8) { Product = new SampleProduct(Int8) }), 13);
    }

    [Fact]
    public void A_wrong_factor_is_caught() => Caught.By(
        Suite(new SampleFormat(Int8) { AfterUnpack = w => w.mul_(Scalars.Of(1.5)) }), "A packed weight unpacks within the bound", "model.layers.0.mlp.gate_proj.weight: off by 0.5");

    [Fact]
    public void A_lost_shape_or_dtype_is_caught()
    {
        Caught.By(Suite(new SampleFormat(Int8) { AfterUnpack = w => w.reshape(-1) }), "A rented weight has its logical shape and the wanted dtype", "has shape");
        Caught.By(Suite(new SampleFormat(Int8) { AfterUnpack = w => w.to(ScalarType.Float64) }), "A rented weight has its logical shape and the wanted dtype", "has dtype Float64");
    }

    [Fact]
    public void A_product_that_disagrees_with_the_unpacked_weight_is_caught() => Caught.By(
        Suite(new SampleFormat(Int8) { Product = new SampleProduct(Int8, 1.1) }), "Products agree with the unpacked weight", "product: off by");

    [Fact]
    public void A_format_that_says_it_trains_and_forgets_updates_is_caught()
        => Caught.By(Suite(new SampleFormat(Int8) { IsTrainable = true }), "It says truly whether it can be trained", "after an update by one");

    [Fact]
    public void Pieces_larger_than_the_weight_are_caught() => Caught.By(
        Suite(new SampleFormat(Int8)
        {
            AfterPack = s => new StoredWeight
            {
                Pieces = s.Pieces.Append(KeyValuePair.Create("whole", zeros([.. s.Shape], dtype: ScalarType.Float32).DetachFromDisposeScope())).ToDictionary(),
                Shape = s.Shape,
                DType = s.DType,
            },
        }),
        "A packed weight takes less memory than bf16",
        "its pieces take");

    [Fact]
    public void Random_packing_is_caught() => Caught.By(
        Suite(new SampleFormat(Int8)
        {
            AfterPack = s =>
            {
                s.Pieces["factor"].mul_(rand(1));
                return s;
            },
        }),
        "Packing twice gives the same pieces",
        "piece factor: differs");

    [Fact]
    public void An_empty_or_misnamed_export_is_caught()
    {
        Caught.By(new QuantizerSuite(() => new SampleQuantizer(Int8) { Exports = _ => [] }), "Exported tensors are named below the parameter", "nothing is exported");
        Caught.By(
            new QuantizerSuite(() => new SampleQuantizer(Int8) { Exports = p => [KeyValuePair.Create("weight", p.RentStored().Stored.Pieces["codes"])] }),
            "Exported tensors are named below the parameter",
            "'weight' does not begin with");
    }

    [Fact]
    public void Pieces_that_are_never_freed_are_caught() => Caught.By(
        Suite(new SampleFormat(Int8)
        {
            AfterUnpack = w =>
            {
                w.clone().DetachFromDisposeScope();
                return w;
            },
        }),
        "Nothing but the results stays alive",
        "tensors more are alive");

    [Fact]
    public void Unpacking_at_random_is_caught() => Caught.By(
        Suite(new SampleFormat(Int8) { AfterUnpack = w => w.mul_(rand(1)) }), "The same inputs give the same bits on the CPU", ", unpacked: two calls differ in their bits");

    [Fact]
    public void A_product_that_changes_its_input_is_caught() => Caught.By(
        Suite(new SampleFormat(Int8) { Product = new SampleProduct(Int8) { Before = x => x.mul_(Scalars.Of(0.5)) } }), "Inputs stay as they are", "x: was changed by the call");

    [Fact]
    public void Values_that_depend_on_the_thread_are_caught()
    {
        var threads = new OtherThreads();
        Caught.By(Suite(new SampleFormat(Int8) { AfterUnpack = w => w.mul_(threads.Factor) }), "Any thread may call it", ", unpacked on another thread: off by");
    }

    private static QuantizerSuite Suite(IWeightFormat format, double? bound = null) => new(() => new SampleQuantizer(format), bound: bound);
}
