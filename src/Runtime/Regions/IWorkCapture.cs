using static TorchSharp.torch;

namespace Neoteny.Runtime.Regions;

/// <summary>Captures work on tensors, to be run again on the same memory any number of times.</summary>
public interface IWorkCapture : IDisposable
{
    /// <summary>Captures work. It need not be carried out before the first <see cref="ICapturedWork.Run"/>.</summary>
    /// <param name="work">What to capture. The tensors it returns, whose ownership is handed over, keep their addresses; its temporaries may share memory with those of work captured later.</param>
    /// <exception cref="CaptureException">The work does something that cannot be captured.</exception>
    ICapturedWork Capture(Func<IReadOnlyList<Tensor?>> work);

    /// <summary>All of a step is captured: memory that its work took before, and that nobody uses now, may be given back.</summary>
    void Settle();
}

/// <summary>Captured work.</summary>
public interface ICapturedWork : IDisposable
{
    /// <summary>What it computes; written anew by each run.</summary>
    IReadOnlyList<Tensor?> Results { get; }

    /// <summary>Carries the work out, on libtorch's current stream.</summary>
    void Run();
}

/// <summary>Work that cannot be captured.</summary>
/// <param name="message">Why.</param>
/// <param name="inner">What was thrown, if anything was.</param>
public sealed class CaptureException(string message, Exception? inner = null) : NeotenyException(message, inner);
