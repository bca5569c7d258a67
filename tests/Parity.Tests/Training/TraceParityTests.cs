using Neoteny.Autograd;
using Neoteny.Losses;
using Neoteny.Parity.Tests.Models;
using Neoteny.Plugins.Liger;
using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Regions;
using Neoteny.Tests;
using Neoteny.Training.Loop;
using Neoteny.Training.Optimizers;
using Neoteny.Training.Options;
using Neoteny.Training.Schedules;
using static TorchSharp.torch;

namespace Neoteny.Parity.Tests.Training;

public class TraceParityTests
{
    private static readonly double TraceTolerance = TestDevice.IsCuda ? 1e-3 : 1e-4;

    // The reference itself moves its final weights by up to 1.4e-5 when every starting weight moves by a relative 1e-6.
    private static readonly double WeightTolerance = TestDevice.IsCuda ? 1e-4 : 3e-5;

    public static TheoryData<string> Names() => [.. FixtureFolders.Names("train")];

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (var name in FixtureFolders.Names("train"))
        {
            foreach (var loss in ShippedLosses.Names)
                data.Add(name, loss);
        }

        return data;
    }

    [Fact]
    public void The_fixtures_hold_training_traces() => Assert.NotEmpty(FixtureFolders.Names("train"));

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Losses_norms_rates_and_final_weights_agree(string name, string loss) => Check(name, ShippedLosses.Make(loss), fuses: false);

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Losses_norms_rates_and_final_weights_agree_with_fused_modules(string name) => Check(name, new LigerFusedLinearCrossEntropy(new LigerOptions()), fuses: true);

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Losses_norms_rates_and_final_weights_agree_with_layers_as_CUDA_graphs(string name)
    {
        Skip.IfNot(TestDevice.IsCuda, "graphs need a CUDA device; eng/gpu-test.sh runs it on a GPU host");
        Check(name, new LigerFusedLinearCrossEntropy(new LigerOptions()), fuses: true, captures: true);
    }

    private static void Check(string name, ILoss loss, bool fuses, bool captures = false)
    {
        using var scope = NewDisposeScope();
        using var expected = new TrainingCase(name);
        using var fixture = ModelCase.Open(expected.Base);
        foreach (var parameter in fixture.Model.BaseParameters)
            parameter.Trains = true;

        if (fuses)
            FusedModules.Install(fixture.Model);
        using var optimizer = new AdamW(fixture.Model.BaseParameters, Settings(expected));
        Assert.Equal(expected.WithoutDecay.Order(), fixture.Model.BaseParameters.Where(p => !Settings(expected).Decays.Applies(p)).Select(p => p.Path).Order());
        using var regions = !captures ? null : new CapturedRegions(new GraphCapture(CudaDevice.Get(0)), fixture.Model.BaseParameters);
        var runner = new StepRunner(new TrainedDecoder(fixture.Model, () => loss), optimizer)
        {
            Tapes = r => new TapeOptions { Seed = r.Seed, Recording = r.IsRecording, Regions = regions },
            MaximumGradientNorm = expected.Meta["max_grad_norm"]?.GetValue<double>() ?? 0,
            Normalization = expected.Meta["loss_normalisation"]!.GetValue<string>() == "micro" ? LossNormalization.MicroBatches : LossNormalization.Tokens,
        };
        Run(expected, runner);
        foreach (var path in expected.FinalPaths)
        {
            var (parameter, part) = fixture.Model.BaseParameters.SelectMany(p => p.Parts.Select(t => (p, t))).Single(p => p.t.Name == path);
            using var lease = parameter.Rent();
            Assert.True(Compare.MaxDifference(part.Of(lease.Tensor), expected.Final(path)) < Math.Max(WeightTolerance, 2 * expected.Sensitivity), path);
        }
    }

    private static void Run(TrainingCase expected, StepRunner runner)
    {
        var schedule = Schedule(expected);
        double[] losses = expected.Numbers("loss"), norms = expected.Numbers("grad_norm"), rates = expected.Numbers("lr");
        for (var step = 0; step < expected.Steps; step++)
        {
            var batches = expected.Batches(step);
            var outcome = runner.Run(batches, step, schedule.At(step));
            Assert.Equal(losses[step], outcome.Loss, TraceTolerance);
            Assert.Equal(norms[step], outcome.GradientNorm, TraceTolerance);
            Assert.Equal(expected.Has("aux_loss"), outcome.RouterLoss is not null);
            if (outcome.RouterLoss is { } router)
                Assert.Equal(expected.Numbers("aux_loss")[(2 * step)..((2 * step) + 2)].Average(), router, TraceTolerance);
            Assert.Equal(rates[step], schedule.At(step), 1e-12);
            foreach (var batch in batches)
                batch.Dispose();
        }
    }

    private static AdamWSettings Settings(TrainingCase expected) => new()
    {
        Beta1 = expected.Optimizer["betas"]![0]!.GetValue<double>(),
        Beta2 = expected.Optimizer["betas"]![1]!.GetValue<double>(),
        Epsilon = expected.Optimizer["eps"]!.GetValue<double>(),
        WeightDecay = expected.Optimizer["weight_decay"]!.GetValue<double>(),
        Decays = expected.WithoutDecay.Length == 0 ? WeightDecayPolicy.Everything : WeightDecayPolicy.Matrices,
    };

    private static LearningRateSchedule Schedule(TrainingCase expected)
    {
        var schedule = expected.Meta["schedule"]!;
        return new LearningRateSchedule(
            Enum.Parse<SchedulerKind>(schedule["name"]!.GetValue<string>().Replace("_", "", StringComparison.Ordinal), ignoreCase: true), expected.Optimizer["lr"]!.GetValue<double>(), schedule["warmup_steps"]!.GetValue<int>(), schedule["total_steps"]!.GetValue<int>());
    }
}
