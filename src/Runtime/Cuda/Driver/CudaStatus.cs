using System.Runtime.InteropServices;

namespace Neoteny.Runtime.Cuda;

/// <summary>Return codes of the driver.</summary>
internal static unsafe class CudaStatus
{
    public const int OutOfMemory = 2;
    public const int NoDevice = 100;
    public const int NoBinaryForDevice = 209;
    public const int InvalidImage = 200;
    public const int NotFound = 500;
    public const int NotReady = 600;
    public const int IllegalAddress = 700;

    /// <summary>For instance <c>CUDA_ERROR_ILLEGAL_ADDRESS (700): an illegal memory access was encountered</c>.</summary>
    public static string Describe(int status)
    {
        try
        {
            if (DriverApi.cuGetErrorName(status, out var name) == 0 && DriverApi.cuGetErrorString(status, out var text) == 0)
                return $"{Marshal.PtrToStringUTF8((nint)name)} ({status}): {Marshal.PtrToStringUTF8((nint)text)}";
        }
        catch (DllNotFoundException)
        {
            // Without a driver only the number is known.
        }

        return $"CUDA error {status}";
    }

    /// <summary>Throws unless a call succeeded.</summary>
    /// <param name="status">What it returned.</param>
    /// <param name="call">The function's name.</param>
    public static void Check(int status, string call)
    {
        if (status != 0)
            throw new CudaException($"{call} failed: {Describe(status)}.{Advice(status)}", status);
    }

    /// <summary>What to do about an error, with a leading blank; empty where the error says it all.</summary>
    public static string Advice(int status) => status switch
    {
        OutOfMemory => " The device's memory is full. Lower micro_batch_size or sequence_len, or set gradient_checkpointing: true.",
        InvalidImage or NoBinaryForDevice => " The kernel was not compiled for this device. Delete the kernel cache (neoteny doctor names it) and run again.",
        IllegalAddress or (>= 701 and <= 719) => " A kernel that ran before may be the cause, since errors of kernels show late. Run again with "
            + "CUDA_LAUNCH_BLOCKING=1 to see which one, and with NEOTENY_CUDA_DEBUG=line under compute-sanitizer to see the line. The process must be started again.",
        _ => "",
    };
}
