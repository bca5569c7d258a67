using System.Runtime.InteropServices;
using Neoteny.Runtime.Native;

namespace Neoteny.Runtime.Cuda.Products;

/// <summary>The functions and numbers of cuBLASLt that are used here (cublasLt.h), from the library that libtorch brought. All functions return a <c>cublasStatus_t</c>.</summary>
internal static unsafe class CublasLt
{
    private const string Library = "libcublasLt.so";

    public static readonly delegate* unmanaged<nint*, int> Create = (delegate* unmanaged<nint*, int>)Function("cublasLtCreate");
    public static readonly delegate* unmanaged<nint*, int, int, int> CreateDescription = (delegate* unmanaged<nint*, int, int, int>)Function("cublasLtMatmulDescCreate");
    public static readonly delegate* unmanaged<nint, int, void*, nuint, int> SetDescription = (delegate* unmanaged<nint, int, void*, nuint, int>)Function("cublasLtMatmulDescSetAttribute");
    public static readonly delegate* unmanaged<nint*, int, ulong, ulong, long, int> CreateLayout
        = (delegate* unmanaged<nint*, int, ulong, ulong, long, int>)Function("cublasLtMatrixLayoutCreate");
    public static readonly delegate* unmanaged<nint*, int> CreatePreference = (delegate* unmanaged<nint*, int>)Function("cublasLtMatmulPreferenceCreate");
    public static readonly delegate* unmanaged<nint, int, void*, nuint, int> SetPreference
        = (delegate* unmanaged<nint, int, void*, nuint, int>)Function("cublasLtMatmulPreferenceSetAttribute");
    public static readonly delegate* unmanaged<nint, int> DestroyPreference = (delegate* unmanaged<nint, int>)Function("cublasLtMatmulPreferenceDestroy");
    public static readonly delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, int, ProductAlgorithm*, int*, int> Suggest
        = (delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, int, ProductAlgorithm*, int*, int>)Function("cublasLtMatmulAlgoGetHeuristic");
    public static readonly delegate* unmanaged<nint, nint, float*, nint, nint, nint, nint, float*, nint, nint, nint, nint, ProductAlgorithm*, nint, nuint, nint, int> Multiply
        = (delegate* unmanaged<nint, nint, float*, nint, nint, nint, nint, float*, nint, nint, nint, nint, ProductAlgorithm*, nint, nuint, nint, int>)Function("cublasLtMatmul");

    /// <summary>Whether the library is there.</summary>
    public static bool IsPresent => Multiply is not null && Suggest is not null && Create is not null;

    public static class Number
    {
        public const int Float32 = 0;
        public const int Float16 = 2;
        public const int BFloat16 = 14;
        public const int ComputeFloat32 = 68;
        public const int TransposeFirst = 3;
        public const int TransposeSecond = 4;
        public const int WorkspaceBytes = 1;
        public const int ReductionSchemes = 3;
        public const int FirstAlignment = 5;
        public const int LastAlignment = 8;

        /// <summary>Parts of a sum over K meet in fp32, not in the result's dtype.</summary>
        public const int ReducesInFloat32 = 2;
    }

    private static nint Function(string name)
    {
        LibTorch.Load();
        return LoadedLibraries.Function(Library, name);
    }
}

/// <summary>A suggestion of the library (<c>cublasLtMatmulHeuristicResult_t</c>): the first 64 bytes are the algorithm.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ProductAlgorithm
{
    public fixed ulong Algorithm[8];
    public nuint WorkspaceBytes;
    public int State;
    public float Waves;
    public fixed int Reserved[4];
}
