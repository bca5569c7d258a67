using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Runtime;
using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Captures the work of blocks that say it may be, and runs it on other inputs.</summary>
internal static class CapturedCalls
{
    /// <param name="run">Where failures go.</param>
    /// <param name="model">The model that the block belongs to.</param>
    /// <param name="block">The block.</param>
    /// <param name="call">A call of it.</param>
    /// <param name="tolerance">How far results may be off.</param>
    public static void Check(CheckRun run, TinyModel model, IBlock block, SiteCall call, double tolerance)
    {
        using var capture = new GraphCapture(CudaDevice.Of(call.Inputs[0].device));
        Tensor[] gradients = [.. call.Run(block, model.Parameters, new TapeOptions()).Outputs.Select((o, i) => call.OutputGradient(i, o))];
        using var work = capture.Capture(() => [.. call.Run(block, model.Parameters, new TapeOptions(), outputGradients: gradients).All.Select(r => r.Tensor.DetachFromDisposeScope())]);
        foreach (var input in call.Inputs)
            input.mul_(Scalars.Of(0.75));
        work.Run();
        var expected = call.Run(block, model.Parameters, new TapeOptions(), outputGradients: gradients).All;
        foreach (var ((name, right), found) in expected.Zip(work.Results))
            run.Close($"{call.Name}, {name}", right, found, tolerance);
    }
}
