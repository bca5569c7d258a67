namespace Neoteny.Runtime.Native;

/// <summary>Turns TorchScript's profiling executor off.</summary>
/// <remarks>With it on, a script's result changes from its second call on (fusions chosen after profiling), which breaks exact resume.</remarks>
internal static unsafe class TorchScriptSettings
{
    public static void Apply()
    {
        foreach (var symbol in (ReadOnlySpan<string>)["_ZN5torch3jit16getProfilingModeEv", "_ZN5torch3jit15getExecutorModeEv"])
        {
            var get = (delegate* unmanaged<byte*>)LibTorch.Symbol("torch_cpu", symbol);
            if (get is null)
            {
                throw new NeotenyException($"libtorch in {LibTorch.Folder} does not export {symbol}; libtorch 2.10 and 2.11 do. Use one of these.");
            }

            // std::atomic<bool>&: one byte, written before any script runs.
            *get() = 0;
        }
    }
}
