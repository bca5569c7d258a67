using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Regions;
using Neoteny.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda;

public sealed class GraphCaptureTests
{
    [CudaFact]
    public void Captured_work_runs_again_on_what_lies_in_the_same_memory()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var capture = new GraphCapture(CudaDevice.Get(0));
        var x = full([1000], Runtime.Scalars.Of(2.0), device: CUDA);
        using var doubled = capture.Capture(() => [x.add(x).DetachFromDisposeScope()]);
        using var squared = capture.Capture(() => [doubled.Results[0]!.mul(doubled.Results[0]!).DetachFromDisposeScope(), null]);
        foreach (var value in new[] { 2.0, 3.0, -1.5 })
        {
            x.fill_(Runtime.Scalars.Of(value));
            doubled.Run();
            squared.Run();
            Assert.Equal(2 * value, doubled.Results[0]!.mean().item<float>(), 1e-6);
            Assert.Equal(4 * value * value, squared.Results[0]!.mean().item<float>(), 1e-6);
        }

        Assert.Null(squared.Results[1]);
    }

    [CudaFact]
    public void Graphs_give_their_memory_back()
    {
        using var guard = no_grad();
        using var capture = new GraphCapture(CudaDevice.Get(0));
        long before = 0;
        for (var i = 0; i < 3; i++)
        {
            using (var work = capture.Capture(() => [zeros([64 << 20], device: CUDA).DetachFromDisposeScope()]))
                work.Run();
            cuda.synchronize();
            capture.Settle();
            var reserved = DeviceMemory.Use(0).Reserved;
            Assert.True(i == 0 || reserved <= before, $"{reserved} after {before}");
            before = reserved;
        }
    }

    [CudaFact]
    public void Work_that_fails_by_itself_is_refused_and_everything_else_goes_on()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using (var capture = new GraphCapture(CudaDevice.Get(0)))
            Assert.IsType<InvalidOperationException>(Assert.Throws<CaptureException>(() => capture.Capture(() => throw new InvalidOperationException("of its own"))).InnerException);
        GoesOn();
    }

    [CudaFact]
    public void Work_that_waits_for_the_device_is_refused_and_everything_else_goes_on()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var x = ones([1000], device: CUDA);
        using (var capture = new GraphCapture(CudaDevice.Get(0)))
        {
            Assert.StartsWith("an operator failed while it was captured", Assert.Throws<CaptureException>(() => capture.Capture(() => [tensor(x.sum().item<float>())])).Message);
            Assert.False(GraphCapture.IsCapturing);
            using var work = capture.Capture(() => [x.add(x).DetachFromDisposeScope()]);
            work.Run();
            Assert.Equal(2000, work.Results[0]!.sum().item<float>());
        }

        GoesOn();
    }

    private static void GoesOn()
    {
        var sum = 0f;
        for (var i = 0; i < 100; i++)
            sum += rand([1000 * (i + 1)], device: CUDA).add(Runtime.Scalars.One, Runtime.Scalars.One).sum().item<float>() > 0 ? 1 : 0;
        Assert.Equal(100, sum);
        var x = ones([1000], device: CUDA);
        using var capture = new GraphCapture(CudaDevice.Get(0));
        using var work = capture.Capture(() => [x.add(x).DetachFromDisposeScope()]);
        work.Run();
        Assert.Equal(2000, work.Results[0]!.sum().item<float>());
    }
}
