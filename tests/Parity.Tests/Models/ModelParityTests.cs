using Neoteny.Autograd;
using Neoteny.Losses;
using Neoteny.Models.Checkpoints;
using Neoteny.Modules;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Liger;
using Neoteny.Runtime.Native;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Parity.Tests.Models;

public class ModelParityTests
{
    // On CUDA sums run in another order; the products are fp32 there too (TF32 off).
    private static readonly double LogitTolerance = TestDevice.IsCuda ? 1e-3 : 1e-4;
    private static readonly double LossTolerance = TestDevice.IsCuda ? 1e-4 : 1e-5;
    private static readonly double GradientTolerance = TestDevice.IsCuda ? 1e-3 : 1e-4;

    public static TheoryData<string, string, string> Cases()
    {
        var data = new TheoryData<string, string, string>();
        foreach (var name in FixtureFolders.Names("models"))
        {
            foreach (var part in new[] { "full", "padded", "packed" })
            {
                data.Add(name, part, "sdpa");
                data.Add(name, part, "eager");
            }
        }

        return data;
    }

    public static TheoryData<string> Models() => [.. FixtureFolders.Names("models")];

    public static TheoryData<string, string> RouterCases()
    {
        var data = new TheoryData<string, string>();
        foreach (var name in FixtureFolders.Names("models"))
        {
            using var expected = SafetensorsFile.Open(Path.Combine(FixtureFolders.Folder("models", name), "expected.safetensors"));
            foreach (var part in new[] { "full", "padded", "packed" }.Where(p => expected.Entries.Any(e => e.Name.StartsWith($"{p}.router.", StringComparison.Ordinal))))
            {
                data.Add(name, part);
            }
        }

        return data;
    }

    [Fact]
    public void The_fixtures_hold_models() => Assert.NotEmpty(FixtureFolders.Names("models"));

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Logits_loss_and_gradients_agree(string name, string part, string attention)
    {
        using var scope = NewDisposeScope();
        using var fixture = ModelCase.Open(name, attention);
        CheckAll(fixture, part, new CrossEntropyLoss());
    }

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void Logits_loss_and_gradients_agree_with_fused_modules(string name)
    {
        foreach (var (part, loss) in new (string, ILoss)[] { ("packed", new LigerFusedLinearCrossEntropy(new LigerOptions())), ("padded", new LigerCrossEntropy()) })
        {
            using var scope = NewDisposeScope();
            using var fixture = ModelCase.Open(name);
            var (norms, rotaries, _) = FusedModules.Install(fixture.Model);
            Assert.True(norms > 0 && rotaries > 0);
            CheckAll(fixture, part, loss);
        }
    }

    private static void CheckAll(ModelCase fixture, string part, ILoss loss)
    {
        using var batch = fixture.Batch(part);
        foreach (var parameter in fixture.Model.BaseParameters)
        {
            parameter.Trains = true;
        }

        using (var tape = new Tape(new TapeOptions { Recording = false }))
        {
            var hidden = fixture.Model.Forward(tape, batch.InputIds, batch.PositionIds, batch.Layout);
            var logits = fixture.Model.Head.Forward(tape, hidden).Tensor;
            Assert.InRange(Compare.MaxDifference(logits, fixture.ExpectedLogits(part)), 0, LogitTolerance);
        }

        using (var tape = new Tape())
        {
            var losses = fixture.Model.ComputeLosses(tape, batch, loss, 1.0 / batch.TrainedTokens);
            Assert.Equal(fixture.Expected($"{part}.loss").item<float>(), losses.Loss.Tensor.item<float>(), LossTolerance);
            Assert.Equal(fixture.Has($"{part}.aux_loss"), losses.RouterLoss is not null);
            if (losses.RouterLoss is { } router)
            {
                Assert.Equal(fixture.Expected($"{part}.aux_loss").item<float>(), router.Tensor.item<float>(), LossTolerance);
            }

            losses.AddTo(tape);
            tape.Backward();
        }

        foreach (var parameter in fixture.Model.BaseParameters.Where(p => !p.IsBuffer))
        {
            foreach (var tensor in parameter.Parts)
            {
                CheckGradient(fixture, part, tensor.Name, tensor.Of(parameter.Gradient!));
            }
        }

        var gradients = fixture.NamesUnder($"{part}.grad").Select(n => n[(n.IndexOf('.', part.Length + 1) + 1)..]);
        Assert.Equal(gradients.Order(), fixture.Model.BaseParameters.Where(p => !p.IsBuffer).SelectMany(p => p.Parts).Select(t => t.Name).Order());
    }

    [Fact]
    public void The_fixtures_hold_routers() => Assert.NotEmpty(RouterCases());

    [SkippableTheory]
    [MemberData(nameof(RouterCases))]
    public void Routers_choose_the_same_experts_with_the_same_weights(string name, string part)
    {
        using var scope = NewDisposeScope();
        using var fixture = ModelCase.Open(name, "eager");
        using var batch = fixture.Batch(part);
        var routers = fixture.Model.Of<IRouter>().ToDictionary(s => int.Parse(s.Path.Split('.')[2], System.Globalization.CultureInfo.InvariantCulture), s =>
        {
            var router = new RecordingRouter((IRouter)s.Original);
            s.Replace(router);
            return router;
        });
        Assert.Equal(fixture.NamesUnder($"{part}.router.").Count(), 3 * routers.Count);
        using var tape = new Tape(new TapeOptions { Recording = false });
        fixture.Model.Forward(tape, batch.InputIds, batch.PositionIds, batch.Layout);
        foreach (var (layer, router) in routers)
        {
            var rows = fixture.CountedRows(part);
            Tensor Reference(string what) => fixture.Expected($"{part}.router.{layer}.{what}").index_select(0, rows);
            Assert.InRange(Compare.MaxDifference(router.Logits!, Reference("logits")), 0, LogitTolerance);
            var order = router.Weights!.argsort(-1, descending: true);
            Assert.Equal(0, Compare.MaxDifference(router.Experts!.gather(-1, order), Reference("topk_index")));
            Assert.InRange(Compare.MaxDifference(router.Weights.gather(-1, order), Reference("topk_weight")), 0, LogitTolerance);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Checkpointed_layers_give_the_same_gradients_bit_for_bit(string name, string part, string attention)
    {
        using var scope = NewDisposeScope();
        using var fixture = ModelCase.Open(name, attention);
        using var batch = fixture.Batch(part);
        Determinism.Set(TestDevice.IsCuda);
        try
        {
            var plain = Gradients(fixture, batch, false);
            var replayed = Gradients(fixture, batch, true);
            Assert.All(plain.Zip(replayed), pair => Assert.Equal(pair.First, pair.Second));
        }
        finally
        {
            Determinism.Set(false);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void The_older_key_layout_of_config_json_means_the_same_model(string name)
    {
        using var scope = NewDisposeScope();
        using var fixture = ModelCase.Open(name, config: "config.v4.json");
        using var batch = fixture.Batch("full");
        using var tape = new Tape(new TapeOptions { Recording = false });
        var hidden = fixture.Model.Forward(tape, batch.InputIds, batch.PositionIds, batch.Layout);
        Assert.InRange(Compare.MaxDifference(fixture.Model.Head.Forward(tape, hidden).Tensor, fixture.ExpectedLogits("full")), 0, LogitTolerance);
    }

    private static void CheckGradient(ModelCase fixture, string part, string path, Tensor gradient)
    {
        if (fixture.Has($"{part}.grad.{path}"))
        {
            var difference = Compare.RelativeDifference(gradient, fixture.Expected($"{part}.grad.{path}"));
            Assert.True(difference < GradientTolerance, $"{path}: relative difference {difference}");
        }
        else
        {
            // The reference treats token 0 as padding whose lookup has no gradient; it occurs in padded rows only, which are left out here.
            var expected = fixture.Expected($"{part}.grad_norm.{path}").item<float>();
            Assert.InRange(Math.Abs(gradient.norm().item<float>() - expected) / Math.Max(expected, 1e-6), 0, GradientTolerance);
        }
    }

    private static float[][] Gradients(ModelCase fixture, Batches.MicroBatch batch, bool checkpoint)
    {
        fixture.Model.CheckpointsLayers = checkpoint;
        foreach (var parameter in fixture.Model.BaseParameters)
        {
            parameter.Trains = true;
            parameter.SetGradient(null);
        }

        using var tape = new Tape();
        fixture.Model.ComputeLosses(tape, batch, new CrossEntropyLoss(), 1.0 / batch.TrainedTokens).AddTo(tape);
        tape.Backward();
        return [.. fixture.Model.BaseParameters.Where(p => !p.IsBuffer).Select(p => p.Gradient!.cpu().data<float>().ToArray())];
    }
}
