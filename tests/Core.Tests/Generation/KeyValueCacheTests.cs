using Neoteny.Autograd;
using Neoteny.Models.Generation;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Generation;

public class KeyValueCacheTests
{
    public KeyValueCacheTests() => Runtime.Native.LibTorch.Load();

    [Fact]
    public void Sequences_of_different_lengths_stay_apart_and_in_order()
    {
        using var scope = NewDisposeScope();
        using var cache = new KeyValueCache(2);
        Assert.Equal([1, 2, 3], Append(cache, [1, 2], [1, 2, 3]));
        Assert.Equal([1, 4, 2, 3, 5], Append(cache, [1, 1], [4, 5]));
        Assert.Equal([2, 3], cache.Lengths);
        cache.Keep([false, true]);
        Assert.Equal([2, 3, 5, 6, 7], Append(cache, [2], [6, 7]));
        Assert.Equal([5], cache.Lengths);
    }

    [Fact]
    public void Buffers_grow_without_losing_rows()
    {
        using var scope = NewDisposeScope();
        using var cache = new KeyValueCache(1);
        var expected = new List<float>();
        for (var i = 0; i < 40; i++)
        {
            expected.AddRange([(2 * i) + 1, (2 * i) + 2, i]);
            Assert.Equal(expected, Append(cache, [3], [(2 * i) + 1, (2 * i) + 2, i]));
        }
    }

    [Fact]
    public void A_truncated_sequence_goes_on_from_where_it_was_cut()
    {
        using var scope = NewDisposeScope();
        using var cache = new KeyValueCache(2);
        Append(cache, [3, 2], [1, 2, 3, 4, 5]);
        cache.Truncate(0, 1);
        Assert.Equal([1, 2], cache.Lengths);
        Assert.Equal([1, 6, 4, 5, 7], Append(cache, [1, 1], [6, 7]));
    }

    [Fact]
    public void The_layout_counts_earlier_tokens_as_keys()
    {
        using var cache = new KeyValueCache(2);
        using var first = cache.Extend([3, 5]);
        using var second = cache.Extend([1, 1]);
        Assert.Equal([1, 1], second.QueryLengths);
        Assert.Equal([4, 6], second.KeyLengths);
        Assert.Throws<ArgumentException>(() => cache.Extend([1]));
    }

    [Fact]
    public void A_recording_tape_is_refused()
    {
        using var scope = NewDisposeScope();
        using var cache = new KeyValueCache(1);
        using var layout = cache.Extend([1]);
        using var tape = new Tape();
        var rows = tape.Constant(ones(1, 1, 1));
        Assert.Throws<InvalidOperationException>(() => cache.Append(tape, 0, rows, rows));
    }

    private static float[] Append(KeyValueCache cache, int[] counts, float[] rows)
    {
        using var layout = cache.Extend(counts);
        using var tape = new Tape(new TapeOptions { Recording = false });
        using var key = tensor(rows).view(-1, 1, 1);
        using var value = key.neg();
        var (keys, values) = cache.Append(tape, 0, tape.Constant(key), tape.Constant(value));
        var result = keys.Tensor.contiguous().data<float>().ToArray();
        Assert.Equal(result.Select(r => -r), values.Tensor.contiguous().data<float>().ToArray());
        Assert.Equal(layout.Keys, result.Length);
        return result;
    }
}
