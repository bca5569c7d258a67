using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Liger;
using Neoteny.Plugins.Sdpa;
using Neoteny.Plugins.Tests.Steps;
using Neoteny.Tests;
using TorchSharp;

namespace Neoteny.Plugins.Tests.Liger;

public sealed class LigerStepTests
{
    private const int Steps = 20;

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(false, true, true)]
    [InlineData(true, false, true)]
    [InlineData(true, true, false)]
    public void Twenty_steps_are_those_without_the_plugin(bool adapts, bool checkpoint, bool fused)
    {
        ILoss loss = fused ? new LigerFusedLinearCrossEntropy(new LigerOptions()) : new LigerCrossEntropy();
        using var plain = new TinyDecoder(new SdpaAttention(), new CrossEntropyLoss(), adapts, checkpoint, dropout: 0);
        using var liger = new TinyDecoder(new SdpaAttention(), loss, adapts, checkpoint, dropout: 0);
        Assert.Equal(2 * 4 + 1, Overrides.Install(liger.Model, new LigerRmsNorm(), new LigerRope(), new LigerGluActivation(), new LigerLayerNorm()));
        List<float> expected = [], actual = [];
        for (var i = 0; i < Steps; i++)
        {
            expected.Add(plain.Step());
            actual.Add(liger.Step());
        }

        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 2e-4f * expected[0]));
        Assert.True(expected[^1] < 0.8f * expected[0]);
    }

    [Fact]
    public void Plugins_come_and_go_between_steps()
    {
        using var plain = new TinyDecoder(new SdpaAttention(), new LigerCrossEntropy(), adapts: false, checkpoint: false);
        using var swapped = new TinyDecoder(new SdpaAttention(), new LigerCrossEntropy(), adapts: false, checkpoint: false);
        for (var i = 0; i < Steps; i++)
        {
            if (i % 4 == 1)
            {
                Overrides.Install(swapped.Model, new LigerRmsNorm(), new LigerRope(), new LigerGluActivation());
            }
            else if (i % 4 == 3)
            {
                swapped.Model.Sites.ToList().ForEach(s => s.Restore());
            }

            Assert.Equal(plain.Step(), swapped.Step(), 1e-3f);
        }
    }

    [Fact]
    public void Steps_leave_no_tensor_behind()
    {
        using var decoder = new TinyDecoder(new SdpaAttention(), new LigerFusedLinearCrossEntropy(new LigerOptions { TokenScaling = true }), adapts: true, checkpoint: true);
        Overrides.Install(decoder.Model, new LigerRmsNorm(), new LigerRope(), new LigerGluActivation());
        List<long> alive = [];
        GC.Collect();
        GC.WaitForPendingFinalizers();
        for (var step = 0; step < 40; step++)
        {
            decoder.Step();
            alive.Add(torch.Tensor.TotalCount);
        }

        Assert.All(alive.Skip(3), count => Assert.True(count <= alive[2], $"{count} tensors after {alive[2]}"));
    }
}
