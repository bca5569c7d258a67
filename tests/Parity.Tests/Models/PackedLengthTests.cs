using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Batches;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Families;
using Neoteny.Runtime;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Parity.Tests.Models;

/// <summary>Rotary scalings that depend on the length: a document has the frequencies that it has alone, whatever lies beside it in the row.</summary>
public class PackedLengthTests
{
    public static TheoryData<string> Models() => [.. FixtureFolders.Names("models").Where(name =>
    {
        var config = HuggingFaceConfig.Open(FixtureFolders.Folder("models", name));
        return ModelFamilies.Of(config).Describe(config).Rotaries.Any(r => r.Rope.DependsOnLength);
    })];

    [Fact]
    public void The_fixtures_hold_such_models() => Assert.NotEmpty(Models());

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void Long_and_short_documents_of_one_row_agree_with_the_references(string name)
    {
        using var scope = NewDisposeScope();
        using var fixture = ModelCase.Open(name);
        var (shorts, longs) = (fixture.Documents("packed"), fixture.Documents("full"));
        using var batch = MicroBatch.Pack([shorts[0], longs[0], .. shorts.Skip(1), longs[1]], TestDevice.Current);
        var packed = fixture.ExpectedLogits("packed");
        var full = fixture.ExpectedLogits("full");
        var (first, length) = (shorts[0].Ids.Length, longs[0].Ids.Length);
        var expected = cat([packed.narrow(0, 0, first), full.narrow(0, 0, length), packed.narrow(0, first, packed.size(0) - first), full.narrow(0, length, length)]);
        Assert.InRange(Compare.MaxDifference(Logits(fixture, batch, batch.Layout), expected), 0, TestDevice.IsCuda ? 1e-3 : 1e-4);

        // As rows of one batch the short ones have the frequencies of the long ones, where those are others.
        using var together = SequenceLayout.OfBatch(batch.Layout.QueryLengths, batch.Layout.KeyLengths, TestDevice.Current);
        var differing = Logits(fixture, batch, together).sub(expected.to(TestDevice.Current)).abs().amax([1L]).gt(Scalars.Of(1e-3)).cpu();
        Assert.Equal(fixture.Model.Spec.Rotaries.Any(r => first <= Border(r) && length > Border(r)), differing.narrow(0, 0, first).any().item<bool>());
        Assert.False(differing.narrow(0, first, length).any().item<bool>());
    }

    private static int Border(RotarySpec rotary) => rotary.Rope.Type == RopeType.Dynamic ? rotary.MaxPositionEmbeddings : rotary.TrainedLength;

    private static Tensor Logits(ModelCase fixture, MicroBatch batch, SequenceLayout layout)
    {
        using var tape = new Tape(new TapeOptions { Recording = false });
        var hidden = fixture.Model.Forward(tape, batch.InputIds, batch.PositionIds, layout);
        return fixture.Model.Head.Forward(tape, hidden).Tensor.alias().DetachFromDisposeScope();
    }
}
