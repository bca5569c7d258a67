using Neoteny.Autograd;
using Neoteny.Models.Generation;
using Neoteny.Models.Loading;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Sdpa;
using static TorchSharp.torch;

namespace Neoteny.Parity.Tests.Models;

/// <summary>Every family once more in bf16, where a forgotten cast shows as an error or as a loss that is far off.</summary>
public class HalfPrecisionTests
{
    // Eight bits of precision through a few layers of random weights.
    private const double LossTolerance = 0.02;
    private const double GradientTolerance = 0.25;

    public static TheoryData<string> Cases() => [.. FixtureFolders.Names("models")];

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void The_loss_and_the_gradients_are_near_and_generation_runs(string name)
    {
        using var scope = NewDisposeScope();
        using var reference = ModelCase.Open(name);
        using var batch = reference.Batch("packed");
        using var model = ModelLoader.Load(reference.Folder, new ModelLoadOptions { DType = ScalarType.BFloat16 });
        model.Attention.Exchange(reference.Model.Attention.Current is SdpaAttention ? new SdpaAttention() : new EagerAttention());
        foreach (var parameter in model.BaseParameters.Where(p => p.Format.IsTrainable))
        {
            parameter.Trains = true;
        }

        using var tape = new Tape();
        var loss = model.ComputeLoss(tape, batch, new CrossEntropyLoss(), 1.0 / batch.TrainedTokens);
        var expected = reference.Expected("packed.loss").item<float>();
        Assert.InRange(loss.Tensor.item<float>(), expected * (1 - LossTolerance), expected * (1 + LossTolerance));
        tape.AddLoss(loss);
        tape.Backward();
        foreach (var path in new[] { "model.norm.weight", "model.embed_tokens.weight", "model.layers.0.self_attn.o_proj.weight" })
        {
            var parameter = model.BaseParameters.Single(p => p.Path == path);
            Assert.InRange(Compare.RelativeDifference(parameter.Gradient!, reference.Expected($"packed.grad.{path}")), 0, GradientTolerance);
        }

        var options = new GenerationOptions { MaxNewTokens = 8 };
        Assert.Equal(8, new TextGenerator(model).Generate([[1, 5, 9], [7]], options)[0].Ids.Count);
    }
}
