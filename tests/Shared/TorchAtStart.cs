using System.Runtime.CompilerServices;

namespace Neoteny.Tests;

/// <summary>Loads libtorch before the first test: TorchSharp's own search knows nothing of where it is.</summary>
internal static class TorchAtStart
{
    [ModuleInitializer]
    internal static void Load()
    {
        Runtime.Native.LibTorch.Load();

        // Tensors in tests are small; on a busy machine libtorch's threads then spend fifty times the work's time waiting for each other.
        TorchSharp.torch.set_num_threads(1);
    }
}
