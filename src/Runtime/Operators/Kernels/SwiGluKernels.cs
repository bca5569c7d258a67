using System.Collections.Concurrent;
using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators.Kernels;

// N rows, I features

/// <summary>The gate of a SiLU MLP on CUDA: each tensor is read and written once.</summary>
internal static class SwiGluKernels
{
    private const int Threads = 256;

    private static readonly CudaSource Source = CudaSource.Beside(typeof(SwiGluKernels));
    private static readonly ConcurrentDictionary<ScalarType, (CudaKernel Forward, CudaKernel Backward)> Sets = new();

    /// <summary>Whether the kernels take these tensors: matrices of one dtype whose rows are whole packs.</summary>
    public static bool Handles(Tensor gate, Tensor up)
        => gate.dim() == 2 && gate.dtype == up.dtype && CudaPacks.TakesRows(gate) && CudaPacks.TakesRows(up);

    /// <summary><c>silu(gate) * up</c>.</summary>
    public static Tensor Forward(Tensor gate_NI, Tensor up_NI)
    {
        var y_NI = empty(gate_NI.size(0), gate_NI.size(1), dtype: gate_NI.dtype, device: gate_NI.device);
        Of(gate_NI).Forward.Launch(new LaunchShape(gate_NI.size(0), Threads), gate_NI, up_NI, y_NI, (int)gate_NI.size(1), gate_NI.stride(0), up_NI.stride(0));
        return y_NI;
    }

    /// <summary>The gradients of both inputs.</summary>
    public static (Tensor Gate, Tensor Up) Backward(Tensor dy_NI, Tensor gate_NI, Tensor up_NI)
    {
        var (rows, columns) = (gate_NI.size(0), gate_NI.size(1));
        var dGate_NI = empty(rows, columns, dtype: gate_NI.dtype, device: gate_NI.device);
        var dUp_NI = empty_like(dGate_NI);
        Of(gate_NI).Backward.Launch(
            new LaunchShape(rows, Threads), dy_NI, gate_NI, up_NI, dGate_NI, dUp_NI, (int)columns, dy_NI.stride(0), gate_NI.stride(0), up_NI.stride(0));
        return (dGate_NI, dUp_NI);
    }

    private static (CudaKernel Forward, CudaKernel Backward) Of(Tensor x) => Sets.GetOrAdd(x.dtype, static dtype =>
    {
        var source = CudaPacks.Variant(Source, dtype);
        return (source.Kernel("swiglu_forward"), source.Kernel("swiglu_backward"));
    });
}
