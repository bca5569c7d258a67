using Neoteny.Runtime.Native;

namespace Neoteny.Runtime.Cuda;

/// <summary>The functions that libtorch's CUDA library exports.</summary>
internal static class TorchCuda
{
    /// <summary>The address of a function.</summary>
    /// <param name="symbol">Its name as exported, mangled for C++.</param>
    /// <param name="otherwise">What it means that there is none, and what to do: the message goes on with it.</param>
    /// <exception cref="CudaException">The libtorch in use does not export it.</exception>
    public static nint Need(string symbol, string otherwise)
    {
        LibTorch.Load();
        return LibTorch.Symbol("torch_cuda", symbol) is not 0 and var address ? address
            : throw new CudaException($"The libtorch in {LibTorch.Folder} does not export {symbol}{otherwise}");
    }
}
