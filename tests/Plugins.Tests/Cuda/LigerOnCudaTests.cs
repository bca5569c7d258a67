using Neoteny.Autograd;
using Neoteny.Conformance;
using Neoteny.Conformance.Xunit;
using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Plugins.Liger;
using Neoteny.Plugins.Tests.Liger;
using Neoteny.Runtime;
using Neoteny.Runtime.Native;
using Neoteny.Runtime.Operators;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda;

/// <summary>The suite of overrides on a CUDA device; every check is skipped where there is none.</summary>
public abstract class CudaModuleConformance : ModuleConformance
{
    internal static bool HasDevice => LibTorch.HasCuda && cuda.is_available();

    protected override ConformanceSettings Settings => new() { Device = HasDevice ? CUDA : CPU };

    protected override ConformanceSuite Suite => new ModuleSuite(
        () => HasDevice ? Create() : throw new CheckSkippedException("needs a CUDA device; eng/gpu-test.sh runs it on a GPU host"), Settings);
}

/// <summary>The suite of losses on a CUDA device; every check is skipped where there is none.</summary>
public abstract class CudaLossConformance : LossConformance
{
    protected override ConformanceSettings Settings => new() { Device = CudaModuleConformance.HasDevice ? CUDA : CPU };

    protected override ConformanceSuite Suite => new LossSuite(
        () => CudaModuleConformance.HasDevice ? Create() : throw new CheckSkippedException("needs a CUDA device; eng/gpu-test.sh runs it on a GPU host"), Settings);
}

public sealed class LigerRmsNormOnCudaConformance : CudaModuleConformance
{
    protected override IModuleOverride Create() => new LigerRmsNorm();
}

public sealed class LigerLayerNormOnCudaConformance : CudaModuleConformance
{
    protected override IModuleOverride Create() => new LigerLayerNorm();
}

public sealed class LigerRopeOnCudaConformance : CudaModuleConformance
{
    protected override IModuleOverride Create() => new LigerRope();
}

public sealed class LigerGluActivationOnCudaConformance : CudaModuleConformance
{
    protected override IModuleOverride Create() => new LigerGluActivation();
}

public sealed class LigerCrossEntropyOnCudaConformance : CudaLossConformance
{
    protected override ILoss Create() => new LigerCrossEntropy();
}

public sealed class LigerFusedLinearCrossEntropyOnCudaConformance : CudaLossConformance
{
    protected override ILoss Create() => new LigerFusedLinearCrossEntropy(new LigerOptions());
}

/// <summary>Sizes that the tiny models of the suites do not have.</summary>
public sealed class LigerOnCudaTests
{
    private static readonly ScalarType[] Types = [ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16];

    [CudaFact]
    public void Norms_agree_with_autograd_from_one_row_to_rows_of_16384()
    {
        using var scope = NewDisposeScope();
        foreach (var shape in new long[][] { [1, 8], [1, 4096], [5, 123], [37, 64], [301, 128], [70, 3, 128], [2000, 512], [777, 2048], [3000, 4096], [9, 16384], [4, 16392] })
        {
            foreach (var (centered, offset) in new[] { (false, 0.0), (false, 1), (true, 0) })
            {
                foreach (var dtype in Types)
                    CheckNorm(shape, centered, offset, dtype);
            }
        }
    }

    [CudaFact]
    public void Gates_agree_with_autograd_and_their_gradients_take_the_place_of_their_inputs()
    {
        using var scope = NewDisposeScope();
        foreach (var activation in new[] { "silu", "gelu", "gelu_pytorch_tanh", "relu" })
        {
            foreach (var shape in new long[][] { [1, 8], [3, 123], [65, 768], [513, 4104], [5, 16384] })
            {
                foreach (var dtype in Types)
                {
                    OperatorCheck.Run(dtype, [shape, shape], [], (tape, x) => [tape.Apply(new Glu(activation), Own(tape, x[0]).Donate(), Own(tape, x[1]).Donate())],
                        (x, _) => [Gated(activation, x[0], x[1])], CUDA);
                    OperatorCheck.Run(dtype, [[shape[0], 2 * shape[1]]], [], (tape, x) => [tape.Apply(new Glu(activation), Own(tape, x[0]).Donate())],
                        (x, _) => [Gated(activation, x[0].narrow(1, 0, shape[1]), x[0].narrow(1, shape[1], shape[1]))], CUDA);
                }
            }
        }
    }

    [CudaFact]
    public void Turning_agrees_with_autograd_in_place_and_beside()
    {
        using var scope = NewDisposeScope();
        foreach (var (queries, keys, size, turned) in new[] { (32, 8, 128, 128), (3, 1, 96, 64), (1, 1, 16, 16), (40, 40, 64, 32), (2, 1, 20, 20), (5, 5, 256, 256) })
        {
            var angles = arange(0, 33, dtype: ScalarType.Float32).unsqueeze(1).mul(rand(1, turned / 2));
            using var exact = new RotaryAngles { Cosines = angles.cos(), Sines = angles.sin() };
            using var rotary = new RotaryAngles { Cosines = exact.Cosines.cuda(), Sines = exact.Sines.cuda() };
            foreach (var dtype in Types)
            {
                foreach (var overwrites in new[] { false, true })
                {
                    OperatorCheck.Run(
                        dtype,
                        [[33, queries, size], [33, keys, size]],
                        [],
                        (tape, x) => tape.ApplyMany(new InPlaceRotary(rotary, overwrites), overwrites ? Own(tape, x[0]).Donate() : x[0], overwrites ? Own(tape, x[1]).Donate() : x[1]),
                        (x, _) => [LigerOperatorTests.Turned(x[0], exact), LigerOperatorTests.Turned(x[1], exact)],
                        CUDA);
                }
            }
        }
    }

    [CudaFact]
    public void Losses_are_those_of_the_CPU_for_every_vocabulary_and_term()
    {
        foreach (var (tokens, hidden, vocabulary) in new[] { (1, 64, 8), (130, 128, 1000), (67, 64, 50257), (9, 32, 256000), (33, 64, 1009), (5, 8, 3) })
        {
            foreach (var dtype in Types)
            {
                foreach (var demands in new[] { LossFeatures.None, LossFeatures.LabelSmoothing | LossFeatures.ZLoss | LossFeatures.TokenWeights | LossFeatures.PerToken, LossFeatures.Softcap | LossFeatures.LabelSmoothing })
                {
                    foreach (var scales in new[] { false, true })
                        CheckLoss(tokens, hidden, vocabulary, dtype, demands, scales);
                }
            }
        }
    }

    private static void CheckNorm(long[] shape, bool centered, double offset, ScalarType dtype)
    {
        manual_seed(3);
        using var norm = new SampleNorm(shape[^1], centered, offset, dtype, CUDA);
        var site = new ModuleSite("norm", []);
        site.Fill(norm);
        var block = (IResidualNorm)(centered ? new LigerLayerNorm().Replace(site) : new LigerRmsNorm().Replace(site));
        OperatorCheck.Run(
            dtype,
            [shape, shape],
            norm.Parameters,
            (tape, x) =>
            {
                var (normed, sum) = block.Forward(tape, x[0], x[1]);
                return [normed, sum];
            },
            (x, w) =>
            {
                var stream = OperatorCheck.Rounded(x[0].add(x[1], Scalars.One), dtype);
                return [SampleNorm.Exact(stream, w, offset, centered), stream];
            },
            CUDA);
        OperatorCheck.Run(dtype, [shape], norm.Parameters, (tape, x) => [block.Forward(tape, x[0])], (x, w) => [SampleNorm.Exact(x[0], w, offset, centered)], CUDA);
    }

    private static void CheckLoss(int tokens, int hidden, int vocabulary, ScalarType dtype, LossFeatures demands, bool scales)
    {
        using var scope = NewDisposeScope();
        manual_seed(11);
        var (hidden_TH, weight_VH) = (randn(tokens, hidden).to(dtype), randn(vocabulary, hidden).mul(Scalars.Of(0.2)).to(dtype));
        var labels_T = randint(0, vocabulary, [tokens], dtype: ScalarType.Int64);
        labels_T.narrow(0, 0, tokens / 3).fill_(Scalars.Of(-100L));
        var weights_T = rand(tokens);

        // Gradients times the probability of a label, about 1 / vocabulary, are below what fp16 holds; its training multiplies the loss.
        var scale = scales && dtype == ScalarType.Float16 ? vocabulary : 1;
        (LossResult Result, Tensor Weight) Run(Func<Tensor, Tensor> place)
        {
            using var guard = no_grad();
            using var head = new ConformanceHead(new Parameter("head", place(weight_VH).clone()) { Trains = true }) { Softcap = demands.HasFlag(LossFeatures.Softcap) ? 3 : 0 };
            var result = new LigerFusedLinearCrossEntropy(new LigerOptions { TokenScaling = scales }).Compute(new LossInput
            {
                Hidden = place(hidden_TH),
                Head = head,
                Labels = labels_T.to(head.Weight.Device),
                Demands = demands,
                Scale = scale,
                NeedsGradient = true,
                TokenWeights = weights_T.to(head.Weight.Device),
                LabelSmoothing = 0.1,
                ZLoss = 0.01,
            });
            return (result, head.Weight.Gradient!.clone());
        }

        var (expected, expectedWeight) = Run(static t => t.to(ScalarType.Float32));
        var (actual, actualWeight) = Run(static t => t.cuda());
        var (what, tolerance) = ($"{tokens}x{hidden}x{vocabulary} {dtype} {demands} {scales}", dtype == ScalarType.Float32 ? 1e-4 : dtype == ScalarType.Float16 ? 4e-3 : 2e-2);
        Close.To(expected.Loss, actual.Loss.cpu(), tolerance, $"{what}: loss");
        Close.To(expected.HiddenGradient!, actual.HiddenGradient!.cpu(), tolerance, $"{what}: hidden gradient");
        Close.To(expectedWeight, actualWeight.cpu(), tolerance, $"{what}: weight gradient");
    }

    private static Value Own(Tape tape, Value x) => tape.Apply(new Cast(x.Tensor.dtype), x);

    private static Tensor Gated(string activation, Tensor gate, Tensor up) => LigerOperatorTests.Gated(activation, gate, up);
}
