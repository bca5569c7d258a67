using System.Collections.Concurrent;
using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators.Kernels;

// N rows, I features

/// <summary>The gate of an MLP on CUDA: each tensor is read and written once.</summary>
internal static class GatedKernels
{
    private const int Warp = 32;
    private const int MostThreads = 512;

    private static readonly CudaSource Source = CudaSource.Beside(typeof(GatedKernels));
    private static readonly ConcurrentDictionary<(ScalarType, int), (CudaKernel Forward, CudaKernel Backward)> Sets = new();

    /// <summary>Whether the kernels take these tensors: matrices of one dtype whose rows are whole packs.</summary>
    public static bool Handles(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var tensor in tensors)
        {
            if (tensor.dim() != 2 || tensor.dtype != tensors[0].dtype || !CudaPacks.TakesRows(tensor))
                return false;
        }

        return true;
    }

    /// <summary><c>act(gate) * up</c>.</summary>
    public static Tensor Forward(string activation, Tensor gate_NI, Tensor up_NI)
    {
        var y_NI = empty(gate_NI.size(0), gate_NI.size(1), dtype: gate_NI.dtype, device: gate_NI.device);
        Of(gate_NI, activation).Forward.Launch(Shape(gate_NI), gate_NI, up_NI, y_NI, (int)gate_NI.size(1), gate_NI.stride(0), up_NI.stride(0));
        return y_NI;
    }

    /// <summary>Writes the gradients of both inputs.</summary>
    public static void Backward(string activation, Tensor dy_NI, Tensor gate_NI, Tensor up_NI, Tensor dGate_NI, Tensor dUp_NI)
        => Of(gate_NI, activation).Backward.Launch(
            Shape(gate_NI), dy_NI, gate_NI, up_NI, dGate_NI, dUp_NI, (int)gate_NI.size(1), dy_NI.stride(0), gate_NI.stride(0), up_NI.stride(0), dGate_NI.stride(0), dUp_NI.stride(0));

    private static LaunchShape Shape(Tensor x)
    {
        var packs = (int)(x.size(1) / CudaPacks.Size(x.dtype));
        return new LaunchShape(x.size(0), Math.Min(MostThreads, (packs + Warp - 1) / Warp * Warp));
    }

    private static (CudaKernel Forward, CudaKernel Backward) Of(Tensor x, string activation)
    {
        var number = activation switch
        {
            "silu" or "swish" => 0,
            "gelu" => 1,
            "relu" => 3,
            _ => 2,
        };
        return Sets.GetOrAdd((x.dtype, number), static key =>
        {
            var source = CudaPacks.Variant(Source, key.Item1).With("ACTIVATION", key.Item2);
            return (source.Kernel("gated_forward"), source.Kernel("gated_backward"));
        });
    }
}
