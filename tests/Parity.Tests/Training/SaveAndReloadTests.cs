using Neoteny.Autograd;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Loading;
using Neoteny.Parity.Tests.Models;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Tests;
using Neoteny.Training.Loop;
using Neoteny.Training.Optimizers;
using static TorchSharp.torch;

namespace Neoteny.Parity.Tests.Training;

public class SaveAndReloadTests
{
    public static TheoryData<string> Cases() => [.. FixtureFolders.Names("models")];

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Two_steps_change_every_weight_and_what_is_saved_computes_the_same_again(string name)
    {
        var folder = Directory.CreateTempSubdirectory("neoteny-trained-").FullName;
        try
        {
            using var scope = NewDisposeScope();
            using var fixture = ModelCase.Open(name);
            using var batch = fixture.Batch("packed");
            var before = Weights(fixture.Model);
            Train(fixture);
            var trained = Weights(fixture.Model);
            Assert.All(fixture.Model.BaseParameters.Zip(before.Zip(trained)), w => Assert.Equal(w.First.IsBuffer, w.Second.First.equal(w.Second.Second).all().item<bool>()));

            ModelSaver.Write(folder, fixture.Model, HuggingFaceConfig.Open(fixture.Folder), fixture.Folder, maxShardSize: 40_000);
            using var again = ModelLoader.Load(folder, new ModelLoadOptions { Device = TestDevice.Current });
            again.Attention.Exchange(fixture.Model.Attention.Current);
            Assert.All(trained.Zip(Weights(again)), w => Assert.True(w.First.equal(w.Second).all().item<bool>()));
            Assert.Equal(Loss(fixture.Model, batch), Loss(again, batch));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Train(ModelCase fixture)
    {
        foreach (var parameter in fixture.Model.BaseParameters)
            parameter.Trains = true;

        using var optimizer = new AdamW(fixture.Model.BaseParameters, new AdamWSettings());
        var runner = new StepRunner(new TrainedDecoder(fixture.Model, () => new CrossEntropyLoss()), optimizer) { MaximumGradientNorm = 1 };
        var losses = Enumerable.Range(0, 2).Select(step =>
        {
            using var batch = fixture.Batch("packed");
            return runner.Run([batch], step, learningRate: 1e-2).Loss;
        }).ToList();
        Assert.True(losses[1] < losses[0]);
    }

    private static float Loss(DecoderModel model, Batches.MicroBatch batch)
    {
        using var tape = new Tape(new TapeOptions { Recording = false });
        return model.ComputeLoss(tape, batch, new CrossEntropyLoss(), 1.0 / batch.TrainedTokens).Tensor.item<float>();
    }

    private static List<Tensor> Weights(DecoderModel model) => [.. model.BaseParameters.Select(p =>
    {
        using var lease = p.Rent();
        return lease.Tensor.clone();
    })];
}
