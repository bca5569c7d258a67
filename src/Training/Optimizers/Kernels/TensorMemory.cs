using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Training.Optimizers.Kernels;

/// <summary>The memory of tensors on the CPU.</summary>
internal static unsafe class TensorMemory
{
    private static readonly Lazy<nint> GetDataPointer = new(() => LibTorch.Symbol("torch_cpu", "aoti_torch_get_data_ptr") is var found and not 0
        ? found
        : throw new NeotenyException($"libtorch in {LibTorch.Folder} does not export aoti_torch_get_data_ptr; libtorch 2.10 and 2.11 do. Use one of these."));

    /// <summary>The address of the first element of a contiguous tensor. The caller keeps the tensor alive while using it.</summary>
    public static void* Pointer(Tensor tensor)
    {
        if (!tensor.is_contiguous())
            throw new ArgumentException("The tensor is not contiguous.");

        void* pointer;
        if (((delegate* unmanaged<nint, void**, int>)GetDataPointer.Value)(tensor.Handle, &pointer) != 0)
            throw new InvalidOperationException("libtorch gave no data pointer.");
        GC.KeepAlive(tensor);
        return pointer;
    }
}
