namespace Neoteny.Models.Decoder;

/// <summary>Holds an exchangeable implementation that many callers use.</summary>
/// <remarks>Exchanged between two optimizer steps; an operator that started with one implementation keeps it for its backward.</remarks>
public sealed class Slot<TContract>
    where TContract : class
{
    private TContract? current;

    /// <summary>The implementation in use.</summary>
    /// <exception cref="InvalidOperationException">None was set.</exception>
    public TContract Current => Volatile.Read(ref current) ?? throw new InvalidOperationException($"No {typeof(TContract).Name} was chosen for this model.");

    /// <summary>Whether one was set.</summary>
    public bool IsFilled => Volatile.Read(ref current) is not null;

    /// <summary>Puts another implementation in place and returns the one before.</summary>
    public TContract? Exchange(TContract next) => Interlocked.Exchange(ref current, next);
}
