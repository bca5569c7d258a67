using Microsoft.Extensions.Logging;
using Neoteny.Autograd;
using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Regions;
using TorchSharp;

namespace Neoteny.Host.Runs;

/// <summary>Layers as CUDA graphs, for a run that asks for them.</summary>
internal sealed class LayerGraphs : IDisposable
{
    private readonly GraphCapture capture;
    private readonly CapturedRegions regions;

    private LayerGraphs(ModelSession session, ILogger log)
    {
        capture = new GraphCapture(CudaDevice.Get(Math.Max(session.Model.Device.index, 0)));
        regions = new CapturedRegions(capture, [.. session.Model.Parameters.Where(p => p.Trains)], n => log.LogInformation("CUDA graphs: {Note}", n));
    }

    /// <summary>What runs the layers of a tape.</summary>
    public IRegionRunner Runner => regions;

    /// <summary>Graphs where <c>cuda_graphs</c> is set and can have an effect; else null, with a word on why where it is set.</summary>
    public static LayerGraphs? Open(bool isWanted, ModelSession session, ILogger log)
    {
        if (!isWanted)
            return null;
        var obstacle = session.Model.Device.type != DeviceType.CUDA ? "the run is not on a GPU"
            : session.Model.CheckpointsLayers ? "gradient_checkpointing runs layers again in backward"
            : session.ParksActivations ? "activations are offloaded"
            : null;
        if (obstacle is null)
            return new LayerGraphs(session, log);
        log.LogWarning("cuda_graphs has no effect: {Obstacle}", obstacle);
        return null;
    }

    /// <summary>Frees what was captured.</summary>
    public void Dispose()
    {
        regions.Dispose();
        capture.Dispose();
    }
}
