using System.Runtime.InteropServices;
using Neoteny.Runtime.Cuda;

namespace Neoteny.Training.Memory;

/// <summary>Recognizes that a device's memory ran out.</summary>
internal static class OutOfMemory
{
    private const int CudaOutOfMemory = 2;

    /// <summary>Whether an exception says so: libtorch's text, the driver's code, or a call by name whose reason libtorch keeps to itself while it counts one more failure.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="failuresBefore">The allocator's count of failures when the work began.</param>
    /// <param name="failuresNow">The count now.</param>
    public static bool Is(Exception exception, long failuresBefore, long failuresNow) => exception switch
    {
        CudaException { Status: CudaOutOfMemory } => true,
        ExternalException or InvalidOperationException => exception.Message.Contains("CUDA out of memory", StringComparison.Ordinal)
            || exception.Message.Contains("CUDA error: out of memory", StringComparison.Ordinal) || failuresNow > failuresBefore,
        _ => false,
    };
}
