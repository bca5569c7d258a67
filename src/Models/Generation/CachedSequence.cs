using static TorchSharp.torch;

namespace Neoteny.Models.Generation;

/// <summary>One sequence's keys and values in one layer, in buffers that grow by doubling.</summary>
internal sealed class CachedSequence : IDisposable
{
    private const long Smallest = 64;

    private Tensor? keys;
    private Tensor? values;
    private long length;

    /// <summary>Appends rows <c>[n, Hk, D]</c> and <c>[n, Hk, Dv]</c>.</summary>
    public void Append(Tensor key, Tensor value)
    {
        var total = length + key.size(0);
        Grow(ref keys, key, total);
        Grow(ref values, value, total);
        keys!.narrow(0, length, key.size(0)).copy_(key);
        values!.narrow(0, length, value.size(0)).copy_(value);
        length = total;
    }

    /// <summary>Forgets all rows but the first <paramref name="rows"/>; the buffers stay.</summary>
    public void Truncate(long rows) => length = Math.Min(length, rows);

    /// <summary>Views of all rows, in the dispose scope at hand.</summary>
    public (Tensor Keys, Tensor Values) All() => (keys!.narrow(0, 0, length), values!.narrow(0, 0, length));

    public void Dispose()
    {
        keys?.Dispose();
        values?.Dispose();
    }

    private void Grow(ref Tensor? buffer, Tensor rows, long total)
    {
        if (buffer is not null && buffer.size(0) >= total)
        {
            return;
        }

        var capacity = Math.Max(Smallest, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)total));
        var larger = empty(capacity, rows.size(1), rows.size(2), dtype: rows.dtype, device: rows.device).DetachFromDisposeScope();
        if (buffer is not null)
        {
            larger.narrow(0, 0, length).copy_(buffer.narrow(0, 0, length));
            buffer.Dispose();
        }

        buffer = larger;
    }
}
