using Neoteny.Plugins.Flash.Cudnn;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flash;

// b documents, Hq query heads, Hk key heads, S rows of the longest document, D head size

/// <summary>Numbers of the tensors of a graph.</summary>
internal enum RaggedTensor
{
    Query,
    Key,
    Value,
    Output,
    LogSumExp,
    Scale,
    QueryLengths,
    KeyLengths,
    QueryOffsets,
    KeyOffsets,
    ValueOffsets,
    OutputOffsets,
    LogSumExpOffsets,
    KeyGradientOffsets,
    OutputGradient,
    QueryGradient,
    KeyGradient,
    ValueGradient,
    QueryAccumulator,
    KeyPerHead,
    ValuePerHead,
    Delta,
}

/// <summary>Softmax attention over documents of many lengths, written as the graph of operations that cuDNN's fused kernels recognise.</summary>
internal sealed class RaggedGraphs
{
    private readonly CudnnGraph graph;
    private readonly RaggedShape shape;
    private readonly CudnnType type;
    private readonly CudnnTensor queryLengths, keyLengths, scale;

    private RaggedGraphs(CudnnGraph graph, RaggedShape shape)
    {
        (this.graph, this.shape) = (graph, shape);
        type = shape.DType == ScalarType.BFloat16 ? CudnnType.BFloat16 : CudnnType.Half;
        queryLengths = graph.PerDocument((long)RaggedTensor.QueryLengths, shape.Documents);
        keyLengths = graph.PerDocument((long)RaggedTensor.KeyLengths, shape.Documents);
        scale = graph.Number((long)RaggedTensor.Scale);
    }

    /// <summary>Compiles forward: output and log-sum-exp.</summary>
    public static CudnnPlan Forward(RaggedShape shape, nint handle)
    {
        using var graph = new CudnnGraph();
        new RaggedGraphs(graph, shape).AddForward();
        return graph.Compile(handle);
    }

    /// <summary>Compiles backward: gradients of queries, keys and values.</summary>
    public static CudnnPlan Backward(RaggedShape shape, nint handle)
    {
        using var graph = new CudnnGraph();
        new RaggedGraphs(graph, shape).AddBackward();
        return graph.Compile(handle);
    }

    private void AddForward()
    {
        var query = Rows(RaggedTensor.Query, shape.QueryHeads, shape.Query, Offsets(RaggedTensor.QueryOffsets));
        var key = Columns(RaggedTensor.Key, shape.Key, Offsets(RaggedTensor.KeyOffsets));
        var value = Rows(RaggedTensor.Value, shape.KeyHeads, shape.Value, Offsets(RaggedTensor.ValueOffsets));
        var output = Rows(RaggedTensor.Output, shape.QueryHeads, shape.DenseQuery, Offsets(RaggedTensor.OutputOffsets));
        var statistics = PerRow(RaggedTensor.LogSumExp, Offsets(RaggedTensor.LogSumExpOffsets));

        var scores = Banded(WithinLengths(Scores(query, key)));
        var maximum = graph.Reduce(CudnnReduction.Maximum, scores, Column());
        var exponentials = graph.Pointwise(CudnnPointwise.Exponential, graph.Pointwise(CudnnPointwise.Subtract, scores, maximum));
        var sum = graph.Reduce(CudnnReduction.Sum, exponentials, Column());
        var logarithm = graph.Pointwise(CudnnPointwise.Logarithm, sum);
        graph.Pointwise(CudnnPointwise.Add, CudnnType.Float, maximum, logarithm, null, statistics);
        var probabilities = graph.Pointwise(CudnnPointwise.Divide, type, CudnnType.Float, exponentials, sum);
        graph.MatMul(probabilities, value, output, rows: queryLengths, inner: keyLengths);
    }

    private void AddBackward()
    {
        var (queryOffsets, keyOffsets, outputOffsets) = (Offsets(RaggedTensor.QueryOffsets), Offsets(RaggedTensor.KeyOffsets), Offsets(RaggedTensor.OutputOffsets));
        var (statisticsOffsets, gradientOffsets) = (Offsets(RaggedTensor.LogSumExpOffsets), Offsets(RaggedTensor.KeyGradientOffsets));
        var query = Rows(RaggedTensor.Query, shape.QueryHeads, shape.Query, queryOffsets);
        var key = Columns(RaggedTensor.Key, shape.Key, keyOffsets);
        var value = Columns(RaggedTensor.Value, shape.Value, Offsets(RaggedTensor.ValueOffsets));
        var output = Rows(RaggedTensor.Output, shape.QueryHeads, shape.DenseQuery, outputOffsets);
        var outputGradient = Rows(RaggedTensor.OutputGradient, shape.QueryHeads, shape.DenseQuery, outputOffsets);
        var statistics = PerRow(RaggedTensor.LogSumExp, statisticsOffsets);
        var queryGradient = Rows(RaggedTensor.QueryGradient, shape.QueryHeads, shape.DenseQuery, outputOffsets);
        var keyGradient = Rows(RaggedTensor.KeyGradient, shape.KeyHeads, shape.DenseKey, gradientOffsets);
        var valueGradient = Rows(RaggedTensor.ValueGradient, shape.KeyHeads, shape.DenseKey, gradientOffsets);

        // delta = sum over D of dO * O, one number a query
        var (b, h, s, d) = (shape.Documents, shape.QueryHeads, shape.Length, shape.HeadSize);
        var product = graph.Virtual(CudnnType.Float, [b, h, s, d], [(long)h * s * d, (long)s * d, (long)h * d, 1]);
        graph.Pointwise(CudnnPointwise.Multiply, CudnnType.Float, outputGradient, output, null, product);
        var delta = PerRow(RaggedTensor.Delta, statisticsOffsets);
        graph.Pointwise(CudnnPointwise.Multiply, CudnnType.Float, graph.Reduce(CudnnReduction.Sum, product, Column()), graph.Constant(1), null, delta);

        // P = exp(scale * Q K^T - log-sum-exp), dV = P^T dO
        var probabilities = graph.Pointwise(CudnnPointwise.Exponential, Banded(graph.Pointwise(CudnnPointwise.Subtract, WithinLengths(Scores(query, key)), statistics)));
        PerKey(probabilities, outputGradient, RaggedTensor.ValuePerHead, valueGradient, gradientOffsets);

        // dS = scale * P * (dO V^T - delta), dK = dS^T Q, dQ = dS K
        var scoreGradient = graph.MatMul(outputGradient, value, Square(), rows: queryLengths, columns: keyLengths);
        scoreGradient = graph.Pointwise(CudnnPointwise.Multiply, graph.Pointwise(CudnnPointwise.Subtract, scoreGradient, delta), probabilities);
        scoreGradient = graph.Pointwise(CudnnPointwise.Multiply, scoreGradient, scale);
        PerKey(scoreGradient, query, RaggedTensor.KeyPerHead, keyGradient, gradientOffsets);
        var keyRows = graph.Reshape(key, graph.Virtual(CudnnType.Float, Sizes(shape.KeyHeads), Strides(shape.Key), keyOffsets));
        var accumulator = graph.Memory((long)RaggedTensor.QueryAccumulator, CudnnType.Float, Sizes(h), Strides(shape.DenseQuery), outputOffsets);
        graph.MatMul(scoreGradient, keyRows, accumulator, rows: queryLengths, inner: keyLengths);
        graph.Pointwise(CudnnPointwise.Identity, CudnnType.Float, accumulator, null, null, queryGradient);
    }

    private CudnnTensor Scores(CudnnTensor query, CudnnTensor key)
        => graph.Pointwise(CudnnPointwise.Multiply, graph.MatMul(query, key, Square(), rows: queryLengths, columns: keyLengths), scale);

    /// <summary>Minus infinity beyond the ends of a document.</summary>
    private CudnnTensor WithinLengths(CudnnTensor scores)
    {
        var row = graph.Pointwise(CudnnPointwise.Index, CudnnType.Int32, CudnnType.Int32, scores, axis: 2);
        var column = graph.Pointwise(CudnnPointwise.Index, CudnnType.Int32, CudnnType.Int32, scores, axis: 3);
        var inRows = graph.Pointwise(CudnnPointwise.Less, CudnnType.Boolean, CudnnType.Boolean, row, queryLengths);
        var inColumns = graph.Pointwise(CudnnPointwise.Less, CudnnType.Boolean, CudnnType.Boolean, column, keyLengths);
        return Kept(scores, graph.Pointwise(CudnnPointwise.And, CudnnType.Boolean, CudnnType.Boolean, inRows, inColumns));
    }

    /// <summary>Minus infinity right of the diagonal, and left of the window.</summary>
    private CudnnTensor Banded(CudnnTensor scores)
    {
        if (shape.Causal)
        {
            var row = graph.Pointwise(CudnnPointwise.Index, CudnnType.Int32, CudnnType.Float, scores, axis: 2);
            var column = graph.Pointwise(CudnnPointwise.Index, CudnnType.Int32, CudnnType.Float, scores, axis: 3);
            scores = Kept(scores, graph.Pointwise(CudnnPointwise.GreaterOrEqual, CudnnType.Boolean, CudnnType.Boolean, row, column));
        }

        if (shape.Window > 0)
        {
            var row = graph.Pointwise(CudnnPointwise.Index, CudnnType.Int32, CudnnType.Float, scores, axis: 2);
            var column = graph.Pointwise(CudnnPointwise.Index, CudnnType.Int32, CudnnType.Float, scores, axis: 3);
            var reach = graph.Pointwise(CudnnPointwise.Add, CudnnType.Float, CudnnType.Float, column, graph.Constant(shape.Window), axis: 3);
            scores = Kept(scores, graph.Pointwise(CudnnPointwise.Greater, CudnnType.Boolean, CudnnType.Boolean, reach, row));
        }

        return scores;
    }

    private CudnnTensor Kept(CudnnTensor scores, CudnnTensor condition)
        => graph.Pointwise(CudnnPointwise.Select, CudnnType.Float, CudnnType.Float, scores, graph.Constant(float.NegativeInfinity), condition);

    /// <summary>The product of a transposed square with rows of the query heads, summed over the query heads of each key head.</summary>
    private void PerKey(CudnnTensor square, CudnnTensor rows, RaggedTensor perHead, CudnnTensor result, CudnnTensor offsets)
    {
        var (h, s) = ((long)shape.QueryHeads, (long)shape.Length);
        var transposed = graph.Reshape(square, graph.Virtual(type, [shape.Documents, h, s, s], [h * s * s, s * s, 1, s]));
        var groups = shape.QueryHeads / shape.KeyHeads;
        if (groups == 1)
        {
            graph.MatMul(transposed, rows, result, rows: keyLengths, inner: queryLengths);
            return;
        }

        // Its offsets are those of the result; cuDNN multiplies them by the ratio of the strides.
        var strides = new RowStrides(shape.DenseKey.Row * groups, shape.DenseKey.Head);
        var full = graph.Memory((long)perHead, type, Sizes(shape.QueryHeads), Strides(strides), offsets);
        graph.Reduce(CudnnReduction.Sum, graph.MatMul(transposed, rows, full, rows: keyLengths, inner: queryLengths), result);
    }

    private CudnnTensor Square() => graph.Virtual(CudnnType.Float, shape.Documents, shape.QueryHeads, shape.Length, shape.Length);

    private CudnnTensor Column() => graph.Virtual(CudnnType.Float, shape.Documents, shape.QueryHeads, shape.Length, 1);

    private CudnnTensor Offsets(RaggedTensor id) => graph.PerDocument((long)id, shape.Documents + 1);

    private CudnnTensor Rows(RaggedTensor id, int heads, RowStrides strides, CudnnTensor offsets) => graph.Memory((long)id, type, Sizes(heads), Strides(strides), offsets);

    /// <summary>Keys or values transposed, <c>[b, Hk, D, S]</c>.</summary>
    private CudnnTensor Columns(RaggedTensor id, RowStrides strides, CudnnTensor offsets)
        => graph.Memory((long)id, type, [shape.Documents, shape.KeyHeads, shape.HeadSize, shape.Length], [shape.Length * strides.Row, strides.Head, 1, strides.Row], offsets);

    /// <summary>One fp32 number for each query and head, <c>[b, Hq, S, 1]</c>, stored <c>[T, Hq]</c>.</summary>
    private CudnnTensor PerRow(RaggedTensor id, CudnnTensor offsets)
        => graph.Memory((long)id, CudnnType.Float, [shape.Documents, shape.QueryHeads, shape.Length, 1], [(long)shape.Length * shape.QueryHeads, 1, shape.QueryHeads, 1], offsets);

    private long[] Sizes(int heads) => [shape.Documents, heads, shape.Length, shape.HeadSize];

    private long[] Strides(RowStrides strides) => [shape.Length * strides.Row, strides.Head, strides.Row, 1];
}
