namespace Neoteny.Runtime.Cuda;

/// <summary>A call of the CUDA driver or of its run-time compiler failed, or there is no device to call.</summary>
public sealed class CudaException : NeotenyException
{
    /// <summary>Creates a failure.</summary>
    /// <param name="message">What failed, with the CUDA error's name and text, the kernel and its launch shape where there is one, and the remedy.</param>
    /// <param name="status">The driver's return code, 0 where the failure is none of the driver's.</param>
    public CudaException(string message, int status = 0) : base(message) => Status = status;

    /// <summary>The driver's return code (<c>CUresult</c>); 0 where the failure is none of the driver's.</summary>
    public int Status { get; }
}
