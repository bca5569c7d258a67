using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cpu;

/// <summary><c>act(gate) * up</c> for fp32 in CPU memory, one pass forward and one backward.</summary>
internal static unsafe class GatedLoops
{
    /// <summary>Elements of one piece of work, so that few long rows are spread as well as many short ones.</summary>
    private const int Chunk = 4096;

    /// <summary>Results of this many elements, 16 MB, do not stay in the caches until somebody reads them.</summary>
    private const long AroundCaches = 4L << 20;

    /// <summary>Whether the loops take these tensors of one shape: fp32 in CPU memory, without gaps or matrices whose rows have none.</summary>
    public static bool Handles(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var tensor in tensors)
        {
            if (!TensorData.IsDenseFloat(tensor) && !HasDenseRows(tensor))
            {
                return false;
            }
        }

        return true;
    }

    public static void Forward(string activation, Tensor gate, Tensor up, Tensor y)
    {
        var (g, u, o, around) = (Rows.Of(gate), Rows.Of(up), Rows.Of(y), y.numel() >= AroundCaches);
        Run(y, (row, from, count) =>
        {
            if (Vector512.IsHardwareAccelerated)
                Choose<Lanes16>(activation).Forward(g.At(row, from), u.At(row, from), o.At(row, from), count, around);
            else
                Choose<Lanes8>(activation).Forward(g.At(row, from), u.At(row, from), o.At(row, from), count, around);
        });
        GC.KeepAlive(gate);
        GC.KeepAlive(up);
    }

    public static void Backward(string activation, Tensor dy, Tensor gate, Tensor up, Tensor dGate, Tensor dUp)
    {
        var (d, g, u, dg, du) = (Rows.Of(dy), Rows.Of(gate), Rows.Of(up), Rows.Of(dGate), Rows.Of(dUp));
        // What is written over was read just before.
        var around = dy.numel() >= AroundCaches && g.Start != dg.Start;
        Run(dy, (row, from, count) =>
        {
            if (Vector512.IsHardwareAccelerated)
                Choose<Lanes16>(activation).Backward(d.At(row, from), g.At(row, from), u.At(row, from), dg.At(row, from), du.At(row, from), count, around);
            else
                Choose<Lanes8>(activation).Backward(d.At(row, from), g.At(row, from), u.At(row, from), dg.At(row, from), du.At(row, from), count, around);
        });
        GC.KeepAlive(dy);
        GC.KeepAlive(gate);
        GC.KeepAlive(up);
        GC.KeepAlive(dGate);
        GC.KeepAlive(dUp);
    }

    private static bool HasDenseRows(Tensor x)
        => x.dtype == ScalarType.Float32 && x.device_type == TorchSharp.DeviceType.CPU && x.dim() == 2 && (x.stride(1) == 1 || x.size(1) <= 1);

    private static void Run(Tensor shape, Action<long, int, int> piece)
    {
        var columns = (int)shape.size(-1);
        var (rows, pieces) = (shape.numel() / Math.Max(1, columns), (columns + Chunk - 1) / Chunk);
        RowLoop.Run(rows * pieces, Math.Min(columns, Chunk), (from, to, _) =>
        {
            for (var i = from; i < to; i++)
            {
                var at = (int)(i % pieces) * Chunk;
                piece(i / pieces, at, Math.Min(Chunk, columns - at));
            }

            if (Sse.IsSupported)
            {
                // Stores past the caches are ordered by this alone.
                Sse.StoreFence();
            }
        });
        GC.KeepAlive(shape);
    }

    private static IGate Choose<T>(string activation)
        where T : struct, ILanes<T>
        => activation switch
        {
            "silu" or "swish" => Gate<T, Silu>.Instance,
            "gelu" => Gate<T, ErfGelu>.Instance,
            "relu" => Gate<T, Relu>.Instance,
            _ => Gate<T, TanhGelu>.Instance,
        };

    /// <summary>Where rows of fp32 lie.</summary>
    private readonly struct Rows(nint start, long stride)
    {
        public nint Start => start;

        public static Rows Of(Tensor x) => new(TensorData.Pointer(x), x.is_contiguous() ? x.size(-1) : x.stride(0));

        public float* At(long row, int column) => (float*)start + (row * stride) + column;
    }
}
