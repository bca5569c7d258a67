namespace Neoteny.Runtime.Cuda;

/// <summary>What a compiled kernel takes.</summary>
/// <param name="Registers">Registers a thread.</param>
/// <param name="LocalBytes">Bytes a thread spills or indexes in local memory: 0 in a kernel without spills.</param>
/// <param name="StaticSharedBytes">Bytes of shared memory declared in the kernel, a block.</param>
public readonly record struct KernelResources(int Registers, int LocalBytes, int StaticSharedBytes);
