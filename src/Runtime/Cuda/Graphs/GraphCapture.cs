using Neoteny.Runtime.Regions;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cuda;

/// <summary>Captures work as CUDA graphs, which share one pool of memory: run them in the order in which they were captured. One compute thread.</summary>
/// <param name="device">The device that the work runs on.</param>
public sealed class GraphCapture(CudaDevice device) : IWorkCapture
{
    [ThreadStatic]
    private static bool isCapturing;

    private readonly CudaStream stream = new(device);
    private readonly Tensor something = zeros(1, dtype: ScalarType.Byte, device: new Device(TorchSharp.DeviceType.CUDA, device.Index)).DetachFromDisposeScope();
    private MemoryPool pool;
    private int living;
    private bool isBroken;

    /// <summary>Whether this thread's work is being captured, not carried out: it must not be timed or waited for.</summary>
    public static bool IsCapturing => isCapturing;

    /// <inheritdoc/>
    public ICapturedWork Capture(Func<IReadOnlyList<Tensor?>> work)
    {
        if (isBroken)
            throw new CaptureException("an earlier capture failed");
        using var current = stream.Use();
        var graph = new CudaGraph();
        graph.Begin(living == 0 ? default : pool);
        IReadOnlyList<Tensor?> results;
        isCapturing = true;
        try
        {
            results = work();
        }
        catch (Exception e)
        {
            GiveUp(graph);
            throw new CaptureException($"an operator failed while it was captured: {e.Message.Split('\n')[0].Trim()}", e);
        }
        finally
        {
            isCapturing = false;
        }

        // 1 is active; an operation that cannot be captured makes it 2, and libtorch would end the process.
        if (DriverApi.cuStreamIsCapturing(stream.Handle, out var state) != 0 || state != 1)
        {
            GiveUp(graph);
            throw new CaptureException("an operator waited for the device");
        }

        graph.End();
        pool = graph.Pool;
        living++;
        return new Captured(this, graph, results);
    }

    /// <inheritdoc/>
    public void Settle() => DeviceMemory.ReleaseUnused();

    /// <summary>Gives the stream back.</summary>
    public void Dispose()
    {
        stream.Dispose();
        something.Dispose();
    }

    /// <summary>Ends a capture that broke. libtorch would end the process; so a capture of next to nothing takes its place, which libtorch can end, and with it what it has begun.</summary>
    private void GiveUp(CudaGraph graph)
    {
        if (DriverApi.cuStreamEndCapture(stream.Handle, out var made) == 0 && made != 0)
            _ = DriverApi.cuGraphDestroy(made);
        isBroken = DriverApi.cuStreamBeginCapture_v2(stream.Handle, CudaGraph.Relaxed) != 0;
        if (isBroken)
        {
            graph.Abandon();
            return;
        }

        using (NewDisposeScope())
            something.zero_();
        graph.End();
        graph.Dispose();
    }

    private sealed class Captured(GraphCapture owner, CudaGraph graph, IReadOnlyList<Tensor?> results) : ICapturedWork
    {
        private bool isDisposed;

        public IReadOnlyList<Tensor?> Results => results;

        public void Run() => graph.Launch();

        public void Dispose()
        {
            if (isDisposed)
                return;
            isDisposed = true;
            foreach (var result in results)
                result?.Dispose();
            graph.Dispose();
            owner.living--;
        }
    }
}
