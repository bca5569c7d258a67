using Neoteny.Conformance;
using Neoteny.Modules;
using Neoteny.Plugins.Tests.Samples;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Broken;

public sealed class AdapterSuiteTests
{
    [Fact]
    public void A_sound_adapter_passes() => Caught.None(new AdapterSuite(() => new SampleAdapter()), 14);

    [Fact]
    public void Initial_values_from_anything_but_the_seed_are_caught() => Caught.By(
        new AdapterSuite(() => new SampleAdapter { AfterAttach = (_, delta) => delta.A.Update(a => a.mul_(rand(1))) }),
        "The same inputs give the same bits on the CPU",
        "base_model.model.model.layers.0.mlp.down_proj.lora_A.weight: two calls differ in their bits");

    [Fact]
    public void Base_weights_that_change_are_caught() => Caught.By(
        new AdapterSuite(() => new SampleAdapter
        {
            AfterAttach = (site, _) =>
            {
                using var lease = ((ILinear)site.Original).Weight.Rent();
                lease.Tensor.mul_(Runtime.Scalars.Of(0.5));
            },
        }),
        "Inputs stay as they are",
        "model.layers.0.self_attn.q_proj.weight: was changed by the call");

    [Fact]
    public void Tensors_that_stay_are_caught() => Caught.By(
        new AdapterSuite(() => new SampleAdapter { AfterAttach = (_, _) => zeros(3).DetachFromDisposeScope() }), "Nothing but the results stays alive", "tensors more are alive after 50 calls");

    [Fact]
    public void Values_that_depend_on_the_thread_are_caught()
    {
        var threads = new OtherThreads();
        Caught.By(
            new AdapterSuite(() => new SampleAdapter { AfterAttach = (_, delta) => delta.A.Update(a => a.mul_(threads.Factor)) }),
            "Any thread may call it",
            "lora_A.weight on another thread: off by");
    }
}
