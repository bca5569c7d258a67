using Neoteny.Attention;
using Neoteny.Autograd;

namespace Neoteny.Modules;

/// <summary>What the blocks of a layer share about the packed row they run.</summary>
public sealed class RowContext
{
    /// <summary>The documents. With a key-value cache the keys are those in the cache plus the new ones.</summary>
    public required SequenceLayout Layout { get; init; }

    /// <summary>Rotary angles of the row's tokens.</summary>
    public required RotaryAngles Angles { get; init; }

    /// <summary>Keys and values of earlier tokens, in generation; null in training.</summary>
    public IKeyValueCache? Cache { get; init; }
}

/// <summary>Keys and values of the tokens generated so far.</summary>
public interface IKeyValueCache
{
    /// <summary>Appends the new tokens' keys and values to a layer and returns all of them, packed as <see cref="SequenceLayout.KeyLengths"/> says.</summary>
    /// <param name="tape">A tape that does not record.</param>
    /// <param name="layer">The layer, from 0.</param>
    /// <param name="key">New keys <c>[T, Hk, D]</c>.</param>
    /// <param name="value">New values <c>[T, Hk, Dv]</c>.</param>
    (Value Key, Value Value) Append(Tape tape, int layer, Value key, Value value);
}
