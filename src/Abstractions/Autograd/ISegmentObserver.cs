namespace Neoteny.Autograd;

/// <summary>Hears when a segment of the model starts and ends.</summary>
/// <remarks>Called on the compute thread; checkpointing statistics, weight gathering, layer streaming and memory ledgers hang here.</remarks>
public interface ISegmentObserver
{
    /// <summary>The segment is about to run.</summary>
    void Before(SegmentEvent segment);

    /// <summary>The segment has run.</summary>
    void After(SegmentEvent segment);
}

/// <summary>One pass over one segment.</summary>
public sealed class SegmentEvent
{
    /// <summary>The module path of the segment, such as <c>model.layers.3</c>.</summary>
    public required string Path { get; init; }

    /// <summary>Which pass.</summary>
    public required SegmentPass Pass { get; init; }
}

/// <summary>The passes over a segment.</summary>
public enum SegmentPass
{
    /// <summary>The first run.</summary>
    Forward,

    /// <summary>Forward again, during backward.</summary>
    Replay,

    /// <summary>Backward.</summary>
    Backward,
}
