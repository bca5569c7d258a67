using Neoteny.Attention;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Sdpa;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Steps;

public sealed class LiveTensorTests
{
    [Theory]
    [InlineData(false, false, "sdpa")]
    [InlineData(false, true, "sdpa")]
    [InlineData(true, false, "sdpa")]
    [InlineData(true, true, "sdpa")]
    [InlineData(true, true, "eager")]
    public void Two_hundred_steps_leave_as_many_tensors_alive_as_three(bool adapts, bool checkpoint, string kernel)
    {
        IAttention attention = kernel == "sdpa" ? new SdpaAttention() : new EagerAttention();
        using var decoder = new TinyDecoder(attention, new CrossEntropyLoss(), adapts, checkpoint);
        List<float> losses = [];
        List<long> alive = [];
        GC.Collect();
        GC.WaitForPendingFinalizers();
        for (var step = 0; step < 200; step++)
        {
            losses.Add(decoder.Step());
            alive.Add(Tensor.TotalCount);
        }

        // A finalizer may still free what lived before the test, so the count may fall but must not rise.
        Assert.All(alive.Skip(3), count => Assert.True(count <= alive[2], $"{count} tensors after {alive[2]}"));
        Assert.True(losses[^1] < 0.5f * losses[0], $"{losses[0]} to {losses[^1]}");
    }

    [Fact]
    public void A_decoder_frees_everything_with_it()
    {
        void Run()
        {
            using var decoder = new TinyDecoder(new SdpaAttention(), new CrossEntropyLoss(), adapts: true, checkpoint: true);
            decoder.Step();
        }

        Run();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Tensor.TotalCount;
        Run();
        Assert.True(Tensor.TotalCount <= before, $"{Tensor.TotalCount} tensors after {before}");
    }
}
