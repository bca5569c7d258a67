using System.Runtime.CompilerServices;

namespace Neoteny.Tests;

/// <summary>Loads libtorch before the first test: TorchSharp's own search knows nothing of where it is.</summary>
internal static class TorchAtStart
{
    [ModuleInitializer]
    internal static void Load() => Runtime.Native.LibTorch.Load();
}
