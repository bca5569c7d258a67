using Neoteny.Conformance;
using Neoteny.Plugins.Tests.Samples;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Broken;

public sealed class OffloadSuiteTests
{
    [Fact]
    public void A_sound_offload_passes() => Caught.None(new OffloadSuite(() => new SampleOffload()), 11);

    [Fact]
    public void Rounding_to_bf16_is_caught()
    {
        SampleOffload broken = new()
        {
            AfterFetch = t =>
            {
                using (t)
                {
                    return t.to(ScalarType.BFloat16).to(t.dtype);
                }
            },
        };
        Caught.By(new OffloadSuite(() => broken), "Saved tensors come back bit for bit in reverse order", "Float32 [64, 33]: differs");
        Caught.By(new OffloadSuite(() => broken), "A step gives the same bits as without it", "gradient of");
    }

    [Fact]
    public void Keeping_the_tapes_own_tensor_instead_of_a_copy_is_caught()
        => Caught.By(new OffloadSuite(() => new SampleOffload { KeepsTheOriginal = true }), "Saved tensors come back bit for bit in reverse order");

    [Fact]
    public void Handles_that_are_not_released_are_caught()
    {
        Caught.By(new OffloadSuite(() => new SampleOffload { ForgetsToRelease = true }), "Released tensors are freed", "tensors more are alive");
        Caught.By(new OffloadSuite(() => new SampleOffload { ForgetsToRelease = true }), "An abandoned step leaves nothing", "tensors more are alive");
    }

    [Fact]
    public void Updates_that_stay_in_a_copy_are_caught()
        => Caught.By(new OffloadSuite(() => new SampleOffload { DropsUpdates = true }), "Updates of a trained weight last", "after an update by one: differs");

    [Fact]
    public void Weights_that_are_cleared_after_use_are_caught()
        => Caught.By(new OffloadSuite(() => new SampleOffload { ClearsHomes = true }), "Inputs stay as they are", "model.embed_tokens.weight after a step: differs");

    [Fact]
    public void Values_that_depend_on_the_thread_are_caught()
    {
        var threads = new OtherThreads();
        Caught.By(new OffloadSuite(() => new SampleOffload { AfterFetch = t => t.mul_(threads.Factor) }), "Any thread may call it", "on another thread: off by");
    }

    [Fact]
    public void An_offload_that_does_nothing_is_caught()
        => Caught.By(new OffloadSuite(() => new Idle()), "It stores activations, homes weights or hears segments");

    private sealed class Idle : Offload.IOffload;
}
