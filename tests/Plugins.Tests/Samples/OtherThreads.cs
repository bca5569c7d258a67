namespace Neoteny.Plugins.Tests.Samples;

/// <summary>The fault of an implementation that works on the thread that created it only.</summary>
internal sealed class OtherThreads
{
    private readonly int own = Environment.CurrentManagedThreadId;

    /// <summary>1 on the thread that created this, 3 on all others.</summary>
    public TorchSharp.Scalar Factor => Runtime.Scalars.Of(Environment.CurrentManagedThreadId == own ? 1.0 : 3.0);
}
