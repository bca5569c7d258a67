namespace Neoteny.Runtime.Native;

/// <summary>libtorch's deterministic mode: operators that have a deterministic variant use it, the others throw.</summary>
/// <remarks>On the CPU the operators used here give the same bits without it; on CUDA it costs speed.</remarks>
public static unsafe class Determinism
{
    /// <summary>Whether the mode is on.</summary>
    public static bool IsOn
    {
        get
        {
            LibTorch.Load();
            return ((delegate* unmanaged<nint, byte>)Need("_ZNK2at7Context23deterministicAlgorithmsEv"))(Context()) != 0;
        }
    }

    /// <summary>Switches the mode for the whole process; on before the first product on a GPU, since libtorch reads a setting there once.</summary>
    /// <exception cref="NeotenyException">The loaded libtorch does not offer it.</exception>
    public static void Set(bool deterministic)
    {
        LibTorch.Load();
        if (deterministic)
            ProcessSettings.FixProductWorkspace();
        var algorithms = (delegate* unmanaged<nint, byte, byte, void>)Need("_ZN2at7Context26setDeterministicAlgorithmsEbb");
        var filling = (delegate* unmanaged<nint, byte, void>)Need("_ZN2at7Context39setDeterministicFillUninitializedMemoryEb");
        algorithms(Context(), (byte)(deterministic ? 1 : 0), 0);

        // Every tensor here is written before it is read, so filling fresh memory would only cost time.
        filling(Context(), 0);
    }

    private static nint Context() => ((delegate* unmanaged<nint>)Need("_ZN2at13globalContextEv"))();

    private static nint Need(string symbol) => LibTorch.Symbol("torch_cpu", symbol) is not 0 and var address
        ? address
        : throw new NeotenyException($"libtorch in {LibTorch.Folder} does not export {symbol}; libtorch 2.10 and 2.11 do. Use one of these.");
}
