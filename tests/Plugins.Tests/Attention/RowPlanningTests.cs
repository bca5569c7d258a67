using Neoteny.Attention;
using Neoteny.Plugins.Flash;
using Neoteny.Plugins.Sdpa;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Attention;

/// <summary>How rows of documents are cut for the CUDA kernels; plain arithmetic.</summary>
public sealed class RowPlanningTests
{
    [Fact]
    public void Long_documents_run_alone_and_the_short_ones_between_them_together()
    {
        using var layout = SequenceLayout.Of([3000, 2048, 2048, 500, 100, 4096]);
        Assert.Equal(
            [new RowSegment(0, 1, 0, 3000, 3072), new RowSegment(1, 2, 3000, 4096, 2048), new RowSegment(3, 2, 7096, 600, 0), new RowSegment(5, 1, 7696, 4096, 4096)],
            RowSegment.Cut(layout, Spec(128)));
    }

    [Fact]
    public void A_row_of_short_documents_is_one_call()
    {
        using var layout = SequenceLayout.Of([.. Enumerable.Range(1, 60)]);
        Assert.Equal([new RowSegment(0, 60, 0, 1830, 0)], RowSegment.Cut(layout, Spec(64)));
    }

    [Fact]
    public void Segments_cover_every_document_once_in_order_and_waste_little()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            using var layout = SequenceLayout.Of([.. Enumerable.Range(0, random.Next(1, 20)).Select(_ => 1 + (int)Math.Exp(random.NextDouble() * 9))]);
            var (document, row) = (0, 0);
            foreach (var segment in RowSegment.Cut(layout, Spec(64)))
            {
                Assert.Equal((document, row), (segment.First, segment.Start));
                Assert.Equal(layout.QueryLengths.Skip(document).Take(segment.Count).Sum(), segment.Rows);
                Assert.True(!segment.IsDense || (segment.Padded >= segment.Length && segment.Padded - segment.Length < Math.Max(128, segment.Length / 16.0)));
                Assert.True(!segment.IsDense || segment.Count == 1 || segment.Padded == segment.Length);
                (document, row) = (document + segment.Count, row + segment.Rows);
            }

            Assert.Equal(layout.QueryLengths.Count, document);
        }
    }

    [Fact]
    public void Capacities_come_from_a_short_list_so_that_few_plans_serve_all_packings()
    {
        var shapes = new HashSet<RaggedShape>();
        var random = new Random(3);
        for (var round = 0; round < 300; round++)
        {
            int[] lengths = [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => random.Next(1, 4096))];
            using var scope = NewDisposeScope();
            using var layout = SequenceLayout.Of(lengths);
            var input = new AttentionInput
            {
                Query = empty(lengths.Sum(), 4, 64, device: META),
                Key = empty(lengths.Sum(), 2, 64, device: META),
                Value = empty(lengths.Sum(), 2, 64, device: META),
                Layout = layout,
                Spec = Spec(64),
            };
            var shape = RaggedShape.Of(input);
            Assert.True(shape.Documents >= lengths.Length && shape.Documents <= Math.Max(8, lengths.Length * 3 / 2));
            Assert.True(shape.Length >= lengths.Max() && shape.Length <= Math.Max(512, lengths.Max() * 3 / 2));
            Assert.True(RaggedShape.Fits(input));
            shapes.Add(shape);
        }

        Assert.InRange(shapes.Count, 2, 30);
    }

    private static AttentionSpec Spec(int size) => new()
    {
        Demands = AttentionFeatures.Causal | AttentionFeatures.GroupedHeads,
        Scale = 1,
        QueryHeads = 4,
        KeyHeads = 2,
        HeadSize = size,
    };
}
