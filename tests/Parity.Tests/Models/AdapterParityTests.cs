using Neoteny.Autograd;
using Neoteny.Models.Adapters;
using Neoteny.Models.Checkpoints;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Lora;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Parity.Tests.Models;

public class AdapterParityTests
{
    private static readonly double LogitTolerance = TestDevice.IsCuda ? 1e-3 : 1e-4;
    private static readonly double LossTolerance = TestDevice.IsCuda ? 1e-4 : 1e-5;
    private static readonly double GradientTolerance = TestDevice.IsCuda ? 1e-3 : 1e-4;

    public static TheoryData<string> Cases() => [.. FixtureFolders.Names("lora")];

    [Fact]
    public void The_fixtures_hold_adapters() => Assert.NotEmpty(FixtureFolders.Names("lora"));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Adapter_logits_loss_gradients_and_merged_weights_agree(string name)
    {
        using var scope = NewDisposeScope();
        var (fixture, adapter) = Open(name);
        using var expected = SafetensorsFile.Open(Path.Combine(FixtureFolders.Folder("lora", name), "expected.safetensors"));
        using var batch = fixture.Batch("full");
        CheckOutputs(fixture, batch, expected, "adapter");
        using (var tape = new Tape())
        {
            fixture.Model.ComputeLosses(tape, batch, new CrossEntropyLoss(), 1.0 / batch.TrainedTokens).AddTo(tape);
            tape.Backward();
        }

        var exported = AdapterSetup.Export(fixture.Model, adapter, "base");
        var trained = fixture.Model.Parameters.Where(p => p.Trains).SelectMany(p => p.Parts.Select(t => (Parameter: p, Part: t))).ToDictionary(p => "base_model.model." + p.Part.Name);
        Assert.Equal(trained.Keys.Order(), exported.Tensors.Keys.Order());
        foreach (var (path, (parameter, part)) in trained)
        {
            var difference = Compare.RelativeDifference(part.Of(parameter.Gradient!), expected.Read("grad." + path));
            Assert.True(difference < GradientTolerance, $"{path}: relative difference {difference}");
        }

        Assert.All(fixture.Model.BaseParameters.Where(p => !p.Trains), p => Assert.Null(p.Gradient));
        AdapterSetup.Merge(fixture.Model);
        Assert.DoesNotContain(fixture.Model.Sites, s => s.Deltas.Count > 0);
        CheckOutputs(fixture, batch, expected, "merged");
        fixture.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_adapter_written_and_read_again_is_the_same(string name)
    {
        using var scope = NewDisposeScope();
        var (fixture, adapter) = Open(name);
        var folder = Directory.CreateTempSubdirectory("neoteny-adapter-").FullName;
        try
        {
            AdapterFolder.Write(folder, AdapterSetup.Export(fixture.Model, adapter, "base"));
            var again = AdapterFolder.Read(folder);
            var original = AdapterFolder.Read(FixtureFolders.Folder("lora", name));
            Assert.Equal(original.Tensors.Keys.Order(), again.Tensors.Keys.Order());
            Assert.All(original.Tensors, t => Assert.Equal(0, Compare.MaxDifference(again.Tensors[t.Key], t.Value)));
            var request = new Adapters.AdapterRequest { Model = fixture.Model, Saved = original };
            var reread = new Adapters.AdapterRequest { Model = fixture.Model, Saved = again };
            Assert.Equal(adapter.Claim(request).Order(), adapter.Claim(reread).Order());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
            fixture.Dispose();
        }
    }

    private static (ModelCase Fixture, LoraAdapter Adapter) Open(string name)
    {
        var saved = AdapterFolder.Read(FixtureFolders.Folder("lora", name));
        var baseModel = System.Text.Json.Nodes.JsonNode.Parse(saved.Configuration)!["base_model_name_or_path"]!.GetValue<string>();
        var fixture = ModelCase.Open(Path.GetFileName(baseModel), "eager");
        var adapter = new LoraAdapter(new LoraOptions());
        AdapterSetup.Attach(fixture.Model, adapter, saved, seed: 0);
        return (fixture, adapter);
    }

    private static void CheckOutputs(ModelCase fixture, Batches.MicroBatch batch, SafetensorsFile expected, string part)
    {
        using var tape = new Tape(new TapeOptions { Recording = false });
        var hidden = fixture.Model.Forward(tape, batch.InputIds, batch.PositionIds, batch.Layout);
        var logits = fixture.Model.Head.Forward(tape, hidden).Tensor;
        var reference = expected.Read($"{part}.logits");
        Assert.InRange(Compare.MaxDifference(logits, reference.reshape(logits.shape)), 0, LogitTolerance);
        var losses = fixture.Model.ComputeLosses(tape, batch, new CrossEntropyLoss(), 1.0 / batch.TrainedTokens);
        Assert.Equal(expected.Read($"{part}.loss").item<float>(), losses.Loss.Tensor.item<float>(), LossTolerance);
        Assert.Equal(expected.Contains($"{part}.aux_loss"), losses.RouterLoss is not null);
        if (losses.RouterLoss is { } router)
        {
            Assert.Equal(expected.Read($"{part}.aux_loss").item<float>(), router.Tensor.item<float>(), LossTolerance);
        }
    }
}
