namespace Neoteny.Runtime.Cuda;

/// <summary>Turns CUDA C++ into machine code of one architecture.</summary>
internal interface IKernelCompiler
{
    /// <summary>Its version: code of another version is compiled again.</summary>
    string Version { get; }

    /// <summary>Compiles one source.</summary>
    /// <exception cref="CudaException">The source has errors; the message is the compiler's log.</exception>
    byte[] Compile(KernelRequest request);
}
