namespace Neoteny.Runtime.Cuda;

/// <summary>What a failed compilation says.</summary>
internal static class CompilationMessage
{
    /// <summary>The compiler's log starts each line with file and line, as <c>kernel.cu(12): error: ...</c>.</summary>
    public static string Of(KernelRequest request, string version, string error, string log)
        => $"{request.Name} does not compile for {request.Architecture.Name} with NVRTC {version} ({error}; options: {string.Join(" ", request.Options)}):\n"
            + (log.Length > 0 ? log : "the compiler gave no reason");
}
