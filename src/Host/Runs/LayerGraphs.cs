using Microsoft.Extensions.Logging;
using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Regions;
using TorchSharp;

namespace Neoteny.Host.Runs;

/// <summary>Layers as CUDA graphs, for a run that asks for them.</summary>
internal static class LayerGraphs
{
    /// <summary>What runs layers as graphs, where <c>cuda_graphs</c> is set and can have an effect; else null, with a word on why where it is set.</summary>
    public static CapturedRegions? Open(bool isWanted, ModelSession session, ILogger log)
    {
        if (!isWanted)
            return null;
        var model = session.Model;
        var obstacle = model.Device.type != DeviceType.CUDA ? "the run is not on a GPU"
            : model.CheckpointsLayers ? "gradient_checkpointing runs layers again in backward"
            : session.ParksActivations ? "activations are offloaded"
            : null;
        if (obstacle is null)
            return new CapturedRegions(new GraphCapture(CudaDevice.Of(model.Device)), [.. model.Parameters.Where(p => p.Trains)], n => log.LogInformation("CUDA graphs: {Note}", n));
        log.LogWarning("cuda_graphs has no effect: {Obstacle}", obstacle);
        return null;
    }
}
