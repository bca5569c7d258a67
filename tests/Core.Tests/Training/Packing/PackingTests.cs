using CsCheck;
using Neoteny.Batches;
using Neoteny.Training.Data;
using Neoteny.Training.Packing;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Training.Packing;

public sealed class PackingTests
{
    private const int Capacity = 64;

    private static readonly Gen<int[]> Lengths = Gen.Int[1, Capacity].Array[1, 200];

    [Fact]
    public void Every_document_is_in_exactly_one_row_and_no_row_is_too_long() => Lengths.Sample(lengths =>
    {
        var rows = Pack(lengths);
        Assert.Equal(Enumerable.Range(0, lengths.Length), rows.SelectMany(r => r).Order());
        Assert.All(rows, r => Assert.InRange(r.Sum(i => lengths[i]), 1, Capacity));
    });

    [Fact]
    public void Rows_are_those_of_the_plain_first_fit_search() => Lengths.Sample(lengths =>
    {
        var plain = new List<List<int>>();
        foreach (var i in Enumerable.Range(0, lengths.Length).OrderByDescending(i => lengths[i]))
        {
            if (plain.FirstOrDefault(r => r.Sum(j => lengths[j]) + lengths[i] <= Capacity) is { } row)
                row.Add(i);
            else
                plain.Add([i]);
        }

        Assert.Equal(plain.Select(r => r.ToArray()), Pack(lengths));
    });

    [Fact]
    public void An_epoch_holds_every_document_once_whatever_the_shape()
        => Gen.Select(Lengths, Gen.Bool, Gen.Bool, Gen.Int[1, 5], Gen.Int[1, 300], Gen.Int[0, 3]).Sample((lengths, packing, shuffle, size, group, epoch) =>
        {
            var plan = Planner(lengths, packing, shuffle, size, group).Plan(epoch);
            Assert.Equal(Enumerable.Range(0, lengths.Length), plan.MicroBatches.SelectMany(m => m).SelectMany(r => r).Order());
            Assert.All(plan.MicroBatches.SkipLast(1), m => Assert.Equal(size, m.Count));
            Assert.InRange(plan.Efficiency, 0, 1);
        });

    [Fact]
    public void Epochs_differ_and_the_same_epoch_is_the_same_again()
    {
        var lengths = Enumerable.Range(1, 60).ToArray();
        var (first, again) = (Planner(lengths, true, true, 2, 100), Planner(lengths, true, true, 2, 100));
        Assert.Equal(Flat(first.Plan(3)), Flat(again.Plan(3)));
        Assert.NotEqual(Flat(first.Plan(0)), Flat(first.Plan(1)));
        Assert.Equal(Enumerable.Range(0, 60), Flat(Planner(lengths, false, false, 2, 100).Plan(5)));
    }

    [Fact]
    public void A_source_set_to_a_position_goes_on_as_the_first_did()
    {
        var lengths = Enumerable.Range(1, 23).ToArray();
        var source = new BatchSource(Planner(lengths, false, true, 2, 100), 3, CPU);
        var drawn = new List<(DataPosition Position, long[][] Ids)>();
        for (var i = 0; i < 10; i++)
            drawn.Add((source.Position, Draw(source)));

        foreach (var (position, ids) in drawn)
            Assert.Equal(ids, Draw(new BatchSource(Planner(lengths, false, true, 2, 100), 3, CPU) { Position = position }));
        Assert.Equal(4, source.StepsOf(0));
        Assert.Equal(new DataPosition(2, 6), source.Position);
        Assert.Equal(2.5, source.Epoch);
    }

    [Fact]
    public void A_micro_batch_holds_its_documents_with_shifted_labels()
    {
        Document[] documents = [new([5, 6, 7], [-100, -100, 7]), new([8, 9], [8, 9])];
        var planner = new EpochPlanner(documents, new BatchShape { SequenceLength = 6, MicroBatchSize = 1, Packing = true, Shuffle = false }, 0);
        using var batch = new BatchSource(planner, 1, CPU).Draw().Single();
        Assert.Equal([5, 6, 7, 8, 9], batch.InputIds.data<long>().ToArray());
        Assert.Equal([-100, 7, -100, 9, -100], batch.Labels.data<long>().ToArray());
        Assert.Equal([0, 1, 2, 0, 1], batch.PositionIds.data<long>().ToArray());
        Assert.Equal(2, batch.TrainedTokens);
        Assert.Equal(5.0 / 6, planner.Plan(0).Efficiency, 1e-12);
    }

    [Fact]
    public void Padding_fills_each_row_with_one_untrained_document()
    {
        Document[] documents = [Document.Whole([5, 6, 7]), Document.Whole([8, 9])];
        var planner = new EpochPlanner(documents, new BatchShape { SequenceLength = 4, MicroBatchSize = 2, Packing = true, Shuffle = false, PadRows = true }, 0);
        using var batch = new BatchSource(planner, 1, CPU).Draw().Single();
        Assert.Equal([3, 1, 2, 2], batch.Layout.QueryLengths);
        Assert.Equal([6, 7, -100, -100, 9, -100, -100, -100], batch.Labels.data<long>().ToArray());
        Assert.Equal(3, batch.TrainedTokens);
    }

    private static List<int[]> Pack(int[] lengths) => FirstFitDecreasing.Pack([.. Enumerable.Range(0, lengths.Length)], i => lengths[i], Capacity);

    private static EpochPlanner Planner(int[] lengths, bool packing, bool shuffle, int size, int group) => new(
        [.. lengths.Select((l, i) => Document.Whole([.. Enumerable.Repeat(i, l)]))],
        new BatchShape { SequenceLength = Capacity, MicroBatchSize = size, Packing = packing, Shuffle = shuffle, PackingGroup = group },
        seed: 1);

    private static IEnumerable<int> Flat(EpochPlan plan) => plan.MicroBatches.SelectMany(m => m).SelectMany(r => r);

    private static long[][] Draw(BatchSource source) => [.. source.Draw().Select(b =>
    {
        using (b)
            return b.InputIds.data<long>().ToArray();
    })];
}
