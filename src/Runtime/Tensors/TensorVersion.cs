using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Runtime;

/// <summary>libtorch's count of in-place changes, for <see cref="Autograd.TapeOptions.VersionOf"/>.</summary>
public static class TensorVersion
{
    private static readonly AtenScript Script = new("""
        def version(x) -> int:
            return torch._version(x)
        """);

    /// <summary>How often the tensor's storage was written to through libtorch. Views of one tensor share the count; writes through a raw pointer do not show.</summary>
    /// <param name="tensor">Any tensor; read only.</param>
    public static long Of(Tensor tensor) => Script.CallInteger("version", tensor);
}
