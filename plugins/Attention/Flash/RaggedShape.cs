using Neoteny.Attention;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flash;

/// <summary>How the rows and heads of one tensor lie in memory, in elements.</summary>
/// <param name="Row">From one token to the next.</param>
/// <param name="Head">From one head to the next.</param>
internal readonly record struct RowStrides(long Row, long Head)
{
    public static RowStrides Of(Tensor x_THD) => new(x_THD.stride(0), x_THD.stride(1));

    public static RowStrides Dense(int heads, int size) => new((long)heads * size, size);
}

/// <summary>What a plan is compiled for. Lengths are capacities, so that few plans serve all packings.</summary>
internal sealed record RaggedShape
{
    private const int FewestDocuments = 8;
    private const int FewestCaptured = 16;
    private const int ShortestLength = 512;

    /// <summary>The most documents.</summary>
    public required int Documents { get; init; }

    /// <summary>The most tokens of one document.</summary>
    public required int Length { get; init; }

    public required int QueryHeads { get; init; }

    public required int KeyHeads { get; init; }

    public required int HeadSize { get; init; }

    public required ScalarType DType { get; init; }

    public required bool Causal { get; init; }

    /// <summary>Keys that a query sees; 0 for all.</summary>
    public required int Window { get; init; }

    public required RowStrides Query { get; init; }

    public required RowStrides Key { get; init; }

    public required RowStrides Value { get; init; }

    /// <summary>Output and queries' gradient.</summary>
    public RowStrides DenseQuery => RowStrides.Dense(QueryHeads, HeadSize);

    /// <summary>Gradients of keys and values.</summary>
    public RowStrides DenseKey => RowStrides.Dense(KeyHeads, HeadSize);

    /// <summary>The shape that runs a call.</summary>
    public static RaggedShape Of(AttentionInput input) => Of(input.Spec, input.Query.dtype) with
    {
        Documents = Capacity(input.Layout.QueryLengths.Count, FewestDocuments),
        Length = Capacity(input.Layout.MaxQueryLength, ShortestLength),
        Query = RowStrides.Of(input.Query),
        Key = RowStrides.Of(input.Key),
        Value = RowStrides.Of(input.Value),
    };

    /// <summary>A small shape of a layer, to see whether cuDNN takes it.</summary>
    public static RaggedShape Of(AttentionSpec spec, ScalarType dtype) => new()
    {
        Documents = FewestDocuments,
        Length = ShortestLength,
        QueryHeads = spec.QueryHeads,
        KeyHeads = spec.KeyHeads,
        HeadSize = spec.HeadSize,
        DType = dtype,
        Causal = spec.HidesLater,
        Window = spec.Demands.HasFlag(AttentionFeatures.Window) ? spec.Window : 0,
        Query = RowStrides.Dense(spec.QueryHeads, spec.HeadSize),
        Key = RowStrides.Dense(spec.KeyHeads, spec.HeadSize),
        Value = RowStrides.Dense(spec.KeyHeads, spec.HeadSize),
    };

    /// <summary>Whether offsets of all elements fit int32, which is what the kernels take.</summary>
    public static bool Fits(AttentionInput input) => Ends(input.Query) && Ends(input.Key) && Ends(input.Value);

    /// <summary>The same for the queries, keys and values of a layer, in one tensor or in three.</summary>
    public static bool Fits(AttentionSpec spec, long tokens) => tokens * (spec.QueryHeads + (2L * spec.KeyHeads)) * spec.HeadSize <= int.MaxValue;

    /// <summary>Room for other documents in rows of as many tokens.</summary>
    public static LayoutCapacity Room(SequenceLayout layout)
        => new(Capacity(layout.QueryLengths.Count, FewestCaptured), Capacity(layout.Tokens, ShortestLength));

    /// <summary>The next of two capacities an octave: 8, 12, 16, 24, ...</summary>
    private static int Capacity(int count, int least)
    {
        var power = Math.Max(least, 1 << int.Log2(count));
        return count <= power ? power : count <= power / 2 * 3 ? power / 2 * 3 : power * 2;
    }

    private static bool Ends(Tensor x) => x.size(0) * Math.Max(x.stride(0), x.size(1) * x.size(2)) <= int.MaxValue;
}
