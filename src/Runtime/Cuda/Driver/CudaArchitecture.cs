namespace Neoteny.Runtime.Cuda;

/// <summary>What a kernel is compiled for: a compute capability, with or without the instructions that only this one generation has.</summary>
/// <param name="Major">9 on Hopper.</param>
/// <param name="Minor">0 on Hopper.</param>
/// <param name="IsSpecific">Whether the generation's own instructions are allowed (<c>sm_90a</c>: WGMMA, TMA, register reallocation).</param>
public readonly record struct CudaArchitecture(int Major, int Minor, bool IsSpecific)
{
    /// <summary>The compiler's name for it, such as <c>sm_90a</c>.</summary>
    public string Name => $"sm_{Major}{Minor}{(IsSpecific ? "a" : "")}";

    /// <summary>The architecture of a device.</summary>
    /// <param name="capability">Its compute capability.</param>
    /// <param name="specific">Whether the kernel asks for the generation's own instructions. They exist from Hopper (9.0) on.</param>
    /// <exception cref="InputException">The kernel asks for them and the device has none.</exception>
    public static CudaArchitecture Of(Version capability, bool specific)
        => !specific || capability.Major >= 9
            ? new CudaArchitecture(capability.Major, capability.Minor, specific)
            : throw new InputException($"The kernel needs a GPU of compute capability 9.0 (Hopper) or later; this one has {capability}. Choose another implementation.");
}
