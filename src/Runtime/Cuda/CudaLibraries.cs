using Neoteny.Runtime.Native;

namespace Neoteny.Runtime.Cuda;

/// <summary>The CUDA libraries that libtorch brought into this process.</summary>
public static unsafe class CudaLibraries
{
    /// <summary>The CUDA version that libtorch was built for, from its run-time library; null without CUDA.</summary>
    public static Version? Runtime
    {
        get
        {
            var function = LoadedLibraries.Function("libcudart.so", "cudaRuntimeGetVersion");
            int number;
            return function != 0 && ((delegate* unmanaged<int*, int>)function)(&number) == 0 ? CudaDriver.VersionOf(number) : null;
        }
    }

    /// <summary>cuDNN's version, such as 9.15.1; null where it is not loaded.</summary>
    public static Version? CuDnn
    {
        get
        {
            var function = LoadedLibraries.Function("libcudnn.so", "cudnnGetVersion");
            if (function == 0)
                return null;
            var number = (int)((delegate* unmanaged<nuint>)function)();
            return new Version(number / 10000, number / 100 % 100, number % 100);
        }
    }

    /// <summary>NCCL's version, such as 2.28.9; null where it is not loaded.</summary>
    public static Version? Nccl
    {
        get
        {
            var function = LoadedLibraries.Function("libnccl.so", "ncclGetVersion");
            int number;
            return function != 0 && ((delegate* unmanaged<int*, int>)function)(&number) == 0
                ? new Version(number / 10000, number / 100 % 100, number % 100) : null;
        }
    }
}
