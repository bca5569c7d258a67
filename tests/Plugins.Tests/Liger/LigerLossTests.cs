using Neoteny.Autograd;
using Neoteny.Conformance;
using Neoteny.Losses;
using Neoteny.Parameters;
using Neoteny.Plugins.Liger;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Liger;

public sealed class LigerLossTests : IDisposable
{
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    public static TheoryData<bool, ScalarType, double> Scaled()
    {
        var data = new TheoryData<bool, ScalarType, double>();
        foreach (var dtype in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            data.Add(false, dtype, 0);
            data.Add(true, dtype, 0);
            data.Add(true, dtype, 2.5);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Scaled))]
    public void Token_scaling_multiplies_by_the_labels_probability_as_a_constant(bool withTerms, ScalarType dtype, double softcap)
    {
        manual_seed(5);
        var (hidden, weight) = (randn(37, 31).to(dtype), randn(97, 31).mul_(Scalars.Of(0.3)).to(dtype));
        var labels = tensor(Enumerable.Range(0, 37).Select(t => t % 3 == 2 ? -100L : t * 7919L % 97).ToArray());
        using var head = new ConformanceHead(new Parameter("head", weight.clone()) { Trains = true }) { Softcap = softcap };
        var (smoothing, z) = withTerms ? (0.1, 0.01) : (0, 0);
        var actual = new LigerFusedLinearCrossEntropy(new LigerOptions { FusedLinearCrossEntropy = true, TokenScaling = true }).Compute(new LossInput
        {
            Hidden = hidden,
            Head = head,
            Labels = labels,
            Demands = LossFeatures.PerToken | (withTerms ? LossFeatures.LabelSmoothing | LossFeatures.ZLoss : 0) | (softcap > 0 ? LossFeatures.Softcap : 0),
            Scale = 0.125,
            NeedsGradient = true,
            LabelSmoothing = smoothing,
            ZLoss = z,
        });

        var (h, w) = (hidden.to(ScalarType.Float64).requires_grad_(true), weight.to(ScalarType.Float64).requires_grad_(true));
        var logits = h.mm(w.t());
        logits = softcap == 0 ? logits : logits.div(Scalars.Of(softcap)).tanh().mul(Scalars.Of(softcap));
        var (log, lse) = (logits.log_softmax(1), logits.logsumexp(1));
        var target = log.gather(1, labels.clamp_min(Scalars.Of(0L)).unsqueeze(1)).squeeze(1);
        var each = target.mul(Scalars.Of(smoothing - 1)).sub(log.mean([1L]).mul(Scalars.Of(smoothing))).add(lse.mul(lse), Scalars.Of(z))
            .mul(target.exp().detach()).mul(labels.ge(Scalars.Of(0L)).to(ScalarType.Float64));
        each.sum().mul(Scalars.Of(0.125)).backward();

        var tolerance = Tolerance.Of(dtype);
        Close.To(each, actual.PerToken!, tolerance, "loss of each token");
        Close.To(h.grad!, actual.HiddenGradient!, tolerance, "hidden gradient");
        Close.To(w.grad!, head.Weight.Gradient!, tolerance, "weight gradient");
        Assert.Equal(each.sum().item<double>() * 0.125, actual.Loss.item<float>(), tolerance);
    }

    [Theory]
    [InlineData(8192, 4096, 128256, 256)]
    [InlineData(8192, 2048, 128256, 256)]
    [InlineData(1000, 4096, 32000, 128)]
    [InlineData(1, 64, 256000, 1)]
    [InlineData(100, 64, 32, 128)]
    public void Chunks_are_those_of_Liger(long tokens, int hidden, int vocabulary, long expected)
    {
        using var weight = new Parameter("head", empty(vocabulary, hidden, device: META));
        Assert.Equal(expected, LigerFusedLinearCrossEntropy.Chunk(tokens, new ConformanceHead(weight)));
    }

    [Theory]
    [InlineData(2, 128256, 1024)]
    [InlineData(4, 128256, 512)]
    [InlineData(2, 32000, 4096)]
    [InlineData(4, 1000000, 1)]
    public void On_a_GPU_a_chunk_fills_256_MiB(long elementSize, int vocabulary, long expected)
    {
        using var weight = new Parameter("head", empty(vocabulary, 8, device: META));
        Assert.Equal(expected, LigerFusedLinearCrossEntropy.Filling(elementSize, new ConformanceHead(weight)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void A_heads_gradient_in_16_bits_is_summed_over_the_chunks_in_fp32(ScalarType? gathered)
    {
        manual_seed(2);

        // Sixteen chunks of 32 tokens.
        var (hidden, weight) = (randn(512, 16).to(ScalarType.BFloat16), randn(256, 16).mul_(Scalars.Of(0.3)).to(ScalarType.BFloat16));
        var labels = randint(0, 256, [512], dtype: ScalarType.Int64);
        using var head = new ConformanceHead(new Parameter("head", weight.clone()) { Trains = true, GradientType = gathered });
        new LigerFusedLinearCrossEntropy(new LigerOptions()).Compute(
            new LossInput { Hidden = hidden, Head = head, Labels = labels, Demands = 0, Scale = 1.0 / 512, NeedsGradient = true });
        Assert.Equal(gathered ?? ScalarType.Float32, head.Weight.Gradient!.dtype);

        var (h, w) = (hidden.to(ScalarType.Float64), weight.to(ScalarType.Float64).requires_grad_(true));
        nn.functional.cross_entropy(h.mm(w.t()), labels).backward();
        Close.To(w.grad!, head.Weight.Gradient!, gathered == ScalarType.BFloat16 ? 6e-3 : 4e-3, "weight gradient");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_head_tied_to_the_embedding_sums_both_gradients(bool fused)
    {
        ILoss loss = fused ? new LigerFusedLinearCrossEntropy(new LigerOptions()) : new LigerCrossEntropy();
        var weight = randn(11, 7);
        var (ids, labels) = (tensor([3L, 3L, 0L, 10L]), tensor([3L, 1L, -100L, 7L]));
        var expected = weight.to(ScalarType.Float64).requires_grad_(true);
        var logits = expected.index_select(0, ids).mm(expected.t()).log_softmax(1);
        logits[0][3].add(logits[1][1], Scalars.One).add(logits[3][7], Scalars.One).mul(Scalars.Of(-0.25)).backward();
        using var tied = new Parameter("embed", weight.clone()) { Trains = true };
        using var tape = new Tape();
        var hidden = tape.Apply(new Embedding(tied), tape.Constant(ids));
        var head = new ConformanceHead(tied);
        tape.AddLoss(tape.Apply(
            new LossOperator(loss, head, (h, wanted) => new LossInput { Hidden = h, Head = head, Labels = labels, Demands = 0, Scale = 0.25, NeedsGradient = wanted }), hidden));
        tape.Backward();
        Close.To(expected.grad!, tied.Gradient!, 3e-6, "tied gradient");
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Logits_of_1e4_in_both_directions_stay_finite(ScalarType dtype)
    {
        foreach (var softcap in new[] { 0.0, 30 })
        {
            using var head = new ConformanceHead(new Parameter("head", tensor([1e4f, -1e4f, 0f]).unsqueeze(1).to(dtype)) { Trains = true }) { Softcap = softcap };
            var actual = new LigerCrossEntropy().Compute(new LossInput
            {
                Hidden = ones(3, 1, dtype: dtype),
                Head = head,
                Labels = tensor([0L, 1L, 2L]),
                Demands = LossFeatures.PerToken | (softcap > 0 ? LossFeatures.Softcap : 0),
                Scale = 1,
                NeedsGradient = true,
            });
            double[] expected = softcap == 0 ? [0, 2e4, 1e4] : [0, 60, 30];
            Assert.All(actual.PerToken!.data<float>().Zip(expected), pair => Assert.InRange(pair.First, pair.Second - 40, pair.Second + 40));
            Assert.True(actual.HiddenGradient!.isfinite().all().item<bool>());
            Assert.True(head.Weight.Gradient!.isfinite().all().item<bool>());
        }
    }
}
