using Neoteny.Runtime.Cuda;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda;

public class StreamTests
{
    [CudaFact]
    public void Work_runs_on_a_stream_of_its_own_and_events_order_it()
    {
        using var scope = NewDisposeScope();
        var device = CudaDevice.Get(0);
        using var stream = new CudaStream(device);
        using var start = new CudaEvent(device, timing: true);
        using var end = new CudaEvent(device, timing: true);
        var x = randn(512, 512, device: CUDA);
        start.Record();
        stream.WaitFor(start);
        Tensor product;
        using (stream.Use())
        {
            Assert.Equal(stream.Handle, CudaStream.Current(device));
            product = x.mm(x);
            end.Record();
        }

        Assert.NotEqual(stream.Handle, CudaStream.Current(device));
        end.HoldCurrentStream();
        Assert.True(product.sub(x.mm(x)).abs().max().item<float>() < 1e-2);
        end.Wait();
        Assert.True(end.HasHappened);
        Assert.True(end.MillisecondsSince(start) > 0);
    }

    [CudaFact]
    public void Memory_of_a_stream_that_is_gone_can_be_given_back()
    {
        var device = CudaDevice.Get(0);
        nint handle;
        using (var stream = new CudaStream(device))
        {
            handle = stream.Handle;
            using var use = stream.Use();
            zeros(64 << 20, dtype: ScalarType.Byte, device: CUDA).Dispose();
        }

        DeviceMemory.ReleaseUnused();
        using var next = new CudaStream(device);
        Assert.Equal(handle, next.Handle);
    }

    [CudaFact]
    public void Pinned_memory_receives_and_sends_without_a_synchronizing_call()
    {
        using var scope = NewDisposeScope();
        var device = CudaDevice.Get(0);
        using var memory = new PinnedMemory(device, 4 * sizeof(float));
        using var done = new CudaEvent(device, timing: false);
        var x = tensor(new[] { 1f, 2f, 3f, 4f }, device: CUDA);
        var y = zeros(4, device: CUDA);
        using (var counter = new SynchronizationCounter())
        {
            memory.Receive(x);
            memory.Send(y);
            done.Record();
            done.Wait();
            Assert.Equal(0, counter.Count);
        }

        Assert.Equal([1f, 2f, 3f, 4f], memory.As<float>().ToArray());
        Assert.True(y.allclose(x, 0, 0));
        Assert.Contains("pinned memory cannot receive", Assert.Throws<ArgumentException>(() => memory.Receive(zeros(5, device: CUDA))).Message);
    }

    [CudaFact]
    public void The_counter_sees_every_waiting_call_and_where_it_came_from()
    {
        using var scope = NewDisposeScope();
        var x = ones(4, device: CUDA);
        using var counter = new SynchronizationCounter();
        x.add(x);
        Assert.Equal(0, counter.Count);
        x.sum().item<float>();
        Assert.Equal(1, counter.Count);
        x.cpu();
        Assert.Equal(2, counter.Count);
        Assert.All(counter.Places, p => Assert.Contains(nameof(The_counter_sees_every_waiting_call_and_where_it_came_from), p));
    }

    [CudaFact]
    public void Memory_statistics_count_tensors()
    {
        const long bytes = 64L << 20;
        var before = DeviceMemory.Use(0);
        using (var tensor = empty(bytes, dtype: ScalarType.Byte, device: CUDA))
        {
            var during = DeviceMemory.Use(0);
            Assert.Equal(bytes, during.Allocated - before.Allocated);
            Assert.True(during.PeakAllocated >= during.Allocated);
        }

        Assert.Equal(before.Allocated, DeviceMemory.Use(0).Allocated);
        DeviceMemory.ResetPeak(0);
        Assert.Equal(before.Allocated, DeviceMemory.Use(0).PeakAllocated);
        DeviceMemory.ReleaseUnused();
        Assert.True(DeviceMemory.Use(0).Reserved < before.Reserved + bytes);
        var (free, total) = CudaDevice.Get(0).Memory();
        Assert.InRange(free, 1, total);
    }
}
