using Neoteny.Models.Checkpoints;
using Neoteny.Models.Configuration;
using Neoteny.Models.Loading;
using TorchSharp;

namespace Neoteny.Parity.Tests.Models;

public class CheckpointLayoutTests
{
    public static TheoryData<string> Cases() => [.. FixtureFolders.Names("models")];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_model_written_again_has_the_names_shapes_and_values_of_the_original(string name)
    {
        var folder = Folder(name);
        var copy = Directory.CreateTempSubdirectory("neoteny-layout-").FullName;
        try
        {
            using (var model = ModelLoader.Load(folder))
            {
                ModelSaver.Write(copy, model, HuggingFaceConfig.Open(folder), folder, maxShardSize: 40_000);
            }

            using var original = CheckpointReader.Open(folder);
            using var written = CheckpointReader.Open(copy);
            Assert.Equal(original.Names.Order(), written.Names.Order());
            foreach (var tensor in original.Names)
            {
                using var expected = original.Read(tensor);
                using var actual = written.Read(tensor);
                Assert.Equal((expected.dtype, string.Join(',', expected.shape)), (actual.dtype, string.Join(',', actual.shape)));
                Assert.True(expected.Equals(actual), tensor);
            }

            Assert.Equal(HuggingFaceConfig.Open(folder).ToJson(), HuggingFaceConfig.Open(copy).ToJson());
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Fresh_weights_have_neutral_norms_and_finite_losses(string name)
    {
        var folder = Folder(name);
        using var scope = torch.NewDisposeScope();
        using var model = ModelLoader.Load(folder, new ModelLoadOptions { FreshSeed = 4 });
        model.Attention.Exchange(new Plugins.Sdpa.EagerAttention());
        Assert.All(model.BaseParameters.Where(p => p.Path.EndsWith("norm.weight", StringComparison.Ordinal)), p =>
        {
            using var weight = p.Rent();
            Assert.All(weight.Tensor.to(torch.float32).data<float>(), w => Assert.Equal(1, w + model.Spec.NormOffset));
        });
        using var batch = Batches.MicroBatch.Pack([([1, 5, 9, 7], [5, 9, 7, 2])]);
        using var tape = new Autograd.Tape();
        var loss = model.ComputeLoss(tape, batch, new Plugins.CrossEntropy.CrossEntropyLoss(), 0.25).Tensor.item<float>();
        Assert.InRange(loss, 1, 20);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_description_without_weights_names_the_parameters_of_the_checkpoint(string name)
    {
        var folder = Folder(name);
        using var described = ModelLoader.Describe(folder);
        using var checkpoint = CheckpointReader.Open(folder);
        Assert.All(described.BaseParameters, p => Assert.Equal(DeviceType.META, p.Device.type));
        var parts = described.BaseParameters.SelectMany(p => p.Parts).ToList();
        Assert.Equal(checkpoint.Names.Order(), parts.Select(p => p.Name).Order());
        Assert.All(parts, p => Assert.Equal(checkpoint.Shape(p.Name), p.Shape));
    }

    private static string Folder(string name) => FixtureFolders.Folder("models", name);
}
