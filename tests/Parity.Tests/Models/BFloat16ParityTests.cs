using Neoteny.Autograd;
using Neoteny.Models.Loading;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Sdpa;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Parity.Tests.Models;

public class BFloat16ParityTests
{
    // bf16 has 8 bits of mantissa: a relative rounding error of 2^-9 in each of some twenty products and norms in a row.
    private const double LogitTolerance = 2e-2;
    private const double LossTolerance = 2e-2;

    // Where two experts are about as likely, rounding decides between them: a token that goes to another one has other logits altogether.
    private const double RoutedLogitTolerance = 0.2;
    private const double RoutedLossTolerance = 5e-2;

    public static TheoryData<string> Cases() => [.. FixtureFolders.Names("models")];

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void On_a_GPU_bf16_logits_and_losses_agree_with_the_fp32_reference(string name)
    {
        Skip.IfNot(TestDevice.IsCuda, "bf16 parity is measured on a GPU: NEOTENY_TEST_DEVICE=cuda");
        using var scope = NewDisposeScope();
        using var fixture = ModelCase.Open(name);
        using var model = ModelLoader.Load(fixture.Folder, new ModelLoadOptions { DType = ScalarType.BFloat16, Device = TestDevice.Current });
        var kernel = new SdpaAttention();
        Skip.If(model.Spec.Kernels.Any(k => kernel.Refuses(k, ScalarType.BFloat16, TestDevice.Current) is not null || (k.Demands & ~kernel.Supports) != 0),
            $"models/{name}: sdpa does not serve this attention");
        model.Attention.Exchange(kernel);
        var isRouted = model.Sites.Any(s => s.Original is Modules.IRouter);
        using var batch = fixture.Batch("packed");
        using var tape = new Tape(new TapeOptions { Recording = false });
        var logits = model.Head.Forward(tape, model.Forward(tape, batch.InputIds, batch.PositionIds, batch.Layout)).Tensor;
        Assert.InRange(Compare.RelativeDifference(logits, fixture.ExpectedLogits("packed")), 0, isRouted ? RoutedLogitTolerance : LogitTolerance);
        var loss = model.ComputeLoss(tape, batch, new CrossEntropyLoss(), 1.0 / batch.TrainedTokens);
        Assert.Equal(fixture.Expected("packed.loss").item<float>(), loss.Tensor.item<float>(), isRouted ? RoutedLossTolerance : LossTolerance);
    }
}
