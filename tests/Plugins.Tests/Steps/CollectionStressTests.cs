using System.Diagnostics;
using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Losses;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Sdpa;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Steps;

public sealed class CollectionStressTests
{
    private const int WantedCollections = 1500;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(false, true, true)]
    [InlineData(true, true, true)]
    [InlineData(true, false, false)]
    public void Collections_forced_during_steps_change_no_bit(bool adapts, bool checkpoint, bool fused)
    {
        var kernel = fused ? (IAttention)new SdpaAttention() : new EagerAttention();
        var (steps, disturbed) = Disturbed(kernel, adapts, checkpoint);
        using var calm = new TinyDecoder(kernel, new CrossEntropyLoss(), adapts, checkpoint);
        for (var i = 0; i < steps; i++)
        {
            calm.Step();
        }

        Assert.All(calm.Weights().Zip(disturbed), static pair => Assert.Equal(pair.First, pair.Second));
    }

    private static (int Steps, float[][] Weights) Disturbed(IAttention kernel, bool adapts, bool checkpoint)
    {
        using var decoder = new TinyDecoder(new Collecting(kernel), new Collecting(loss: new CrossEntropyLoss()), adapts, checkpoint) { Observers = [new Collecting()] };
        using var stop = new CancellationTokenSource();
        var forced = 0;
        var collector = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect(0, GCCollectionMode.Forced, blocking: true);
                forced++;

                // Without a pause the steps would hardly get a turn.
                Thread.Sleep(0);
                Thread.SpinWait(500);
            }
        });
        collector.Start();
        var (steps, watch) = (0, Stopwatch.StartNew());
        try
        {
            // At least a few steps and a hundred collections, however slow these are: beside a large heap they take a hundredth of a second each.
            while (steps < 4 || Volatile.Read(ref forced) <= 100 || (Volatile.Read(ref forced) < WantedCollections && watch.Elapsed < Limit))
            {
                decoder.Step();
                steps++;
            }
        }
        finally
        {
            stop.Cancel();
            collector.Join();
        }

        Assert.True(forced > 100, $"only {forced} collections were forced");
        return (steps, decoder.Weights());
    }

    /// <summary>Collects inside the calls it passes on.</summary>
    private sealed class Collecting(IAttention? kernel = null, ILoss? loss = null) : IAttention, ILoss, ISegmentObserver
    {
        AttentionFeatures IExtension<AttentionFeatures>.Supports => kernel!.Supports;

        LossFeatures IExtension<LossFeatures>.Supports => loss!.Supports;

        public AttentionOutput Forward(AttentionInput input) => Collected(kernel!.Forward(input));

        public AttentionGradients Backward(AttentionBackward backward) => Collected(kernel!.Backward(backward));

        public LossResult Compute(LossInput input) => Collected(loss!.Compute(input));

        public void Before(SegmentEvent segment) => Collected(segment);

        public void After(SegmentEvent segment) => Collected(segment);

        private static T Collected<T>(T result)
        {
            GC.Collect(0);
            return result;
        }
    }
}
