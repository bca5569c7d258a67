using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Liger;
using Neoteny.Plugins.Sdpa;
using Neoteny.Plugins.Tests.Broken;
using Neoteny.Runtime.Regions;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Steps;

public sealed class CapturedRegionTests
{
    private const int Steps = 10;
    private const int Layers = 2;
    private const int RegionsOfLayer = 2;

    // Forward and backward of each.
    private const int WorksOfTape = 2 * RegionsOfLayer * Layers;

    [Theory]
    [InlineData(false, 1, false)]
    [InlineData(false, 3, false)]
    [InlineData(false, 1, true)]
    [InlineData(true, 1, false)]
    [InlineData(true, 2, true)]
    public void Steps_with_captured_regions_are_those_without(bool adapts, int microBatches, bool liger)
    {
        var capture = new RepeatedCapture();
        using var plain = Decoder(adapts, microBatches, null, out _);
        using var captured = Decoder(adapts, microBatches, capture, out var regions);
        using var owned = regions;
        foreach (var decoder in new[] { plain, captured })
        {
            if (liger)
                Overrides.Install(decoder.Model, new LigerRmsNorm(), new LigerRope(), new LigerGluActivation());
        }

        for (var i = 0; i < Steps; i++)
            Assert.Equal(plain.Step(), captured.Step());
        Assert.All(plain.Weights().Zip(captured.Weights()), pair => Assert.Equal(pair.First, pair.Second));

        // A micro-batch that adds to gradients is another tape than the first of a step.
        Assert.Equal(WorksOfTape * (microBatches == 1 ? 1 : 2), capture.Captured);
        Assert.True(capture.Runs > 5 * WorksOfTape);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 3)]
    [InlineData(true, 2)]
    public void Attention_that_reads_documents_from_the_device_is_captured_with_the_layer(bool adapts, int microBatches)
    {
        var capture = new RepeatedCapture();
        using var plain = Decoder(adapts, microBatches, null, out _, attention: new EagerAttention());
        using var captured = Decoder(adapts, microBatches, capture, out var regions, attention: new RoomyAttention());
        using var owned = regions;
        for (var i = 0; i < Steps; i++)
            Assert.Equal(plain.Step(), captured.Step());
        Assert.All(plain.Weights().Zip(captured.Weights()), pair => Assert.Equal(pair.First, pair.Second));
        Assert.Equal(2 * Layers * (microBatches == 1 ? 1 : 2), capture.Captured);
    }

    [Fact]
    public void Of_many_shapes_those_that_do_not_come_any_more_make_room()
    {
        const int most = 8;
        var (capture, kernel, notes) = (new RepeatedCapture(), new RoomyAttention(), new List<string>());
        using var captured = Decoder(adapts: false, microBatches: 1, capture, out var regions, notes, attention: kernel);
        using var owned = regions;
        void Run(int steps)
        {
            for (var i = 0; i < steps; i++)
                captured.Step();
        }

        for (; kernel.Room < 5 + most; kernel.Room++)
            Run(6);
        Assert.Equal(most * 2 * Layers, capture.Captured);
        Run(6);
        Assert.Equal(most * 2 * Layers, capture.Captured);
        Assert.Single(notes, n => n.StartsWith("Steps of 8 shapes are captured", StringComparison.Ordinal));
        Run(200);
        Assert.Equal((most + 1) * 2 * Layers, capture.Captured);
        Assert.Equal(most * 2 * Layers, capture.Living);
    }

    [Fact]
    public void An_exchanged_attention_kernel_is_noticed()
    {
        var capture = new RepeatedCapture();
        using var plain = Decoder(adapts: false, microBatches: 2, null, out _, attention: new EagerAttention());
        using var captured = Decoder(adapts: false, microBatches: 2, capture, out var regions, attention: new RoomyAttention());
        using var owned = regions;
        for (var i = 0; i < 3 * Steps; i++)
        {
            if (i == Steps)
                captured.Model.Attention.Exchange(new RoomyAttention());
            else if (i == 2 * Steps)
                captured.Model.Attention.Exchange(new SdpaAttention());
            Assert.Equal(plain.Step(), captured.Step(), 1e-5f);
        }

        Assert.Equal((2 * 2 * 2 * Layers) + (2 * WorksOfTape), capture.Captured);
    }

    [Fact]
    public void Gradients_are_collected_where_they_lie_and_completed_ones_announced()
    {
        var capture = new RepeatedCapture();
        using var decoder = Decoder(adapts: false, microBatches: 1, capture, out var regions);
        using var owned = regions;
        for (var i = 0; i < Steps; i++)
            decoder.Step();
        var completed = new HashSet<Parameter>();
        using var tape = new Tape(new TapeOptions { Regions = regions, GradientCompleted = p => Assert.True(completed.Add(p)) });
        decoder.Run(tape);
        Assert.Equal(decoder.Model.Parameters.ToHashSet(), completed);
        Assert.All(decoder.Model.Parameters, p => Assert.NotNull(p.Gradient));
    }

    [Fact]
    public void Exchanged_blocks_are_noticed()
    {
        var capture = new RepeatedCapture();
        using var plain = Decoder(adapts: false, microBatches: 2, null, out _);
        var notes = new List<string>();
        using var captured = Decoder(adapts: false, microBatches: 2, capture, out var regions, notes);
        using var owned = regions;
        for (var i = 0; i < 3 * Steps; i++)
        {
            if (i == Steps)
                Overrides.Install(captured.Model, new LigerRmsNorm());
            else if (i == 2 * Steps)
                captured.Model.Sites.ToList().ForEach(s => s.Restore());
            Assert.Equal(plain.Step(), captured.Step(), 1e-4f);
        }

        Assert.Equal(4, notes.Count(n => n.Contains("captured again: model.layers.0 before attention: a block was exchanged.", StringComparison.Ordinal)));
        Assert.Equal(3 * 2 * WorksOfTape, capture.Captured);
        Assert.Equal(2 * WorksOfTape, capture.Living);
    }

    [Fact]
    public void What_changes_all_the_time_is_given_up()
    {
        var capture = new RepeatedCapture();
        var notes = new List<string>();
        using var captured = Decoder(adapts: false, microBatches: 1, capture, out var regions, notes);
        using var owned = regions;
        for (var i = 0; i < 31 * 5; i++)
        {
            var site = captured.Model.At("model.layers.0.mlp");
            if (i % 5 == 0)
                site.Replace(new Unknown((IGatedMlp)site.Original, isCapturable: true));
            captured.Step();
        }

        Assert.Single(notes, n => n.EndsWith("from now on everything runs operator by operator.", StringComparison.Ordinal));
        Assert.Equal(0, capture.Living);
    }

    [Fact]
    public void An_attention_block_of_a_plugin_takes_its_layer_out()
    {
        var capture = new RepeatedCapture();
        using var plain = Decoder(adapts: false, microBatches: 1, null, out _, attention: new EagerAttention());
        using var captured = Decoder(adapts: false, microBatches: 1, capture, out var regions, attention: new RoomyAttention());
        using var owned = regions;
        for (var i = 0; i < 2 * Steps; i++)
        {
            if (i == Steps)
            {
                var site = captured.Model.At("model.layers.0.self_attn");
                site.Replace(new AroundAttention((IAttentionBlock)site.Original));
            }

            Assert.Equal(plain.Step(), captured.Step());
        }

        Assert.Equal(2 * (Layers - 1), capture.Living);
    }

    [Fact]
    public void Moved_weights_are_noticed()
    {
        var capture = new RepeatedCapture();
        using var plain = Decoder(adapts: false, microBatches: 1, null, out _);
        using var captured = Decoder(adapts: false, microBatches: 1, capture, out var regions);
        using var owned = regions;
        for (var i = 0; i < 2 * Steps; i++)
        {
            if (i == Steps)
            {
                foreach (var decoder in new[] { plain, captured })
                    decoder.Model.At("model.layers.1.mlp.up_proj").Parameters[0].Load(full([40, 24], 0.01f));
            }

            Assert.Equal(plain.Step(), captured.Step());
        }

        Assert.Equal(2 * WorksOfTape, capture.Captured);
    }

    [Fact]
    public void Dropout_draws_in_captured_work_what_it_draws_without()
    {
        var capture = new RepeatedCapture();
        using var plain = Decoder(adapts: true, microBatches: 2, null, out _, dropout: 0.3);
        using var captured = Decoder(adapts: true, microBatches: 2, capture, out var regions, dropout: 0.3);
        using var owned = regions;
        for (var i = 0; i < Steps; i++)
            Assert.Equal(plain.Step(), captured.Step());
        Assert.All(plain.Weights().Zip(captured.Weights()), pair => Assert.Equal(pair.First, pair.Second));
        Assert.Equal(2 * WorksOfTape, capture.Captured);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Replacements_that_do_not_say_that_they_may_be_captured_or_draw_by_keys_of_the_host_run_operator_by_operator(bool isCapturable, bool isSilent)
    {
        var capture = new RepeatedCapture();
        var notes = new List<string>();
        using var plain = Decoder(adapts: false, microBatches: 1, null, out _);
        using var captured = Decoder(adapts: false, microBatches: 1, capture, out var regions, notes);
        using var owned = regions;
        var site = captured.Model.At("model.layers.0.mlp");
        site.Replace(new Unknown((IGatedMlp)site.Original, isCapturable));
        for (var i = 0; i < Steps; i++)
            Assert.Equal(plain.Step(), captured.Step());

        // The other layer, and with the second replacement the region before attention, which it is no part of, are captured.
        Assert.Equal(isCapturable ? WorksOfTape - 2 : WorksOfTape / Layers, capture.Living);
        Assert.Equal(isSilent, !notes.Any(n => n.EndsWith("1 regions run operator by operator, from model.layers.0 after attention on: an operator draws random numbers by keys of the host.", StringComparison.Ordinal)));
    }

    [Fact]
    public void All_that_was_captured_is_freed()
    {
        LiveTensors.Unchanged(() =>
        {
            using var decoder = Decoder(adapts: false, microBatches: 2, new RepeatedCapture(), out var regions);
            for (var i = 0; i < Steps; i++)
                decoder.Step();
            regions!.Dispose();
        });
    }

    [CudaFact]
    public void On_CUDA_steps_with_graphs_are_those_without()
    {
        foreach (var (adapts, microBatches, liger) in new[] { (false, 1, false), (false, 3, true), (true, 2, true) })
        {
            using var plain = Decoder(adapts, microBatches, null, out _, device: CUDA);
            var notes = new List<string>();
            using var captured = Decoder(adapts, microBatches, new Runtime.Cuda.GraphCapture(Runtime.Cuda.CudaDevice.Get(0)), out var regions, notes, device: CUDA);
            using var owned = regions;
            foreach (var decoder in new[] { plain, captured })
            {
                if (liger)
                    Overrides.Install(decoder.Model, new LigerRmsNorm(), new LigerRope(), new LigerGluActivation());
            }

            for (var i = 0; i < 2 * Steps; i++)
                Assert.Equal(plain.Step(), captured.Step(), 1e-5f);
            Assert.All(plain.Weights().Zip(captured.Weights()), pair => Assert.All(pair.First.Zip(pair.Second), w => Assert.Equal(w.First, w.Second, 1e-4f)));
            Assert.Contains(notes, n => n.EndsWith("4 regions captured.", StringComparison.Ordinal));
            Assert.DoesNotContain(notes, n => n.Contains("operator by operator", StringComparison.Ordinal));
        }
    }

    private static TinyDecoder Decoder(
        bool adapts, int microBatches, IWorkCapture? capture, out CapturedRegions? regions, List<string>? notes = null, double dropout = 0, Device? device = null, IAttention? attention = null)
    {
        var decoder = new TinyDecoder(attention ?? (device is null ? new SdpaAttention() : new EagerAttention()), new CrossEntropyLoss(), adapts, checkpoint: false, dropout, device) { MicroBatches = microBatches };
        regions = capture is null ? null : new CapturedRegions(capture, [.. decoder.Model.Parameters.Where(p => p.Trains)], n => notes?.Add(n));
        decoder.Regions = regions;
        if (capture is RepeatedCapture repeated)
            repeated.Parameters = decoder.Model.Parameters;
        return decoder;
    }

    /// <summary>Finds the documents in the offsets each time, as a kernel on a device does.</summary>
    private sealed class RoomyAttention : IAttention
    {
        private readonly EagerAttention inner = new();

        public int Room { get; set; } = 5;

        public AttentionFeatures Supports => inner.Supports;

        public LayoutCapacity? CapacityFor(AttentionSpec spec, SequenceLayout layout) => new(Room, layout.Tokens);

        public AttentionOutput Forward(AttentionInput input)
        {
            using var layout = Found(input.Layout);
            return inner.Forward(BrokenAttention.With(input, layout: layout));
        }

        public AttentionGradients Backward(AttentionBackward backward)
        {
            using var layout = Found(backward.Input.Layout);
            return inner.Backward(new AttentionBackward
            {
                Input = BrokenAttention.With(backward.Input, layout: layout),
                Output = backward.Output,
                LogSumExp = backward.LogSumExp,
                OutputGradient = backward.OutputGradient,
                Saved = backward.Saved,
            });
        }

        private SequenceLayout Found(SequenceLayout given)
        {
            Assert.True(given.QueryLengths.Count != Room || given.MaxQueryLength == given.Tokens);
            var offsets = given.QueryOffsets.data<int>().ToArray();
            return SequenceLayout.Of([.. offsets.Zip(offsets.Skip(1), (from, to) => to - from).Where(length => length > 0)]);
        }
    }

    private sealed class Unknown(IGatedMlp plain, bool isCapturable) : IGatedMlp
    {
        public ILinear Gate => plain.Gate;

        public ILinear Up => plain.Up;

        public ILinear Down => plain.Down;

        public string Activation => plain.Activation;

        public bool IsCapturable => isCapturable;

        public Value Forward(Tape tape, Value x_TH) => plain.Forward(tape, tape.Apply(new Drawing(), x_TH));
    }

    /// <summary>Passes its input on, and asks for a key.</summary>
    private sealed class Drawing : Operator
    {
        public override string Name => "drawing";

        public override void Forward(ForwardContext context)
        {
            _ = context.RandomKey;
            context.Emit(context.Input(0).clone());
        }

        public override void Backward(BackwardContext context) => context.Pass(0);
    }

    private sealed class AroundAttention(IAttentionBlock plain) : IAttentionBlock
    {
        public AttentionSpec Spec => plain.Spec;

        public IProjections? Projections => plain.Projections;

        public ILinear Output => plain.Output;

        public Value Forward(Tape tape, Value x_TH, RowContext row) => plain.Forward(tape, x_TH, row);
    }
}
