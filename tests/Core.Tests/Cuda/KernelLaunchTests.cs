using System.Diagnostics;
using Neoteny.Runtime.Cuda;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda;

public class KernelLaunchTests
{
    private const string Text = """
        #include "neoteny.cuh"
        using namespace neoteny;

        extern "C" __global__ void scale(const bf16* x, bf16* y, float factor, long long n) {
            long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
            if (i < n) y[i] = from_float<bf16>(factor * to_float(x[i]));
        }

        extern "C" __global__ void row_sums(const float* x, float* sums, int columns) {
            __shared__ float scratch[32];
            float s = 0;
            for (int c = threadIdx.x; c < columns; c += blockDim.x) s += x[blockIdx.x * (long long)columns + c];
            s = block_sum(s, scratch);
            if (threadIdx.x == 0) sums[blockIdx.x] = s;
        }

        extern "C" __global__ void through_shared(const float* x, float* y, int n) {
            extern __shared__ float kept[];
            for (int i = threadIdx.x; i < n; i += blockDim.x) kept[n - 1 - i] = x[i];
            __syncthreads();
            for (int i = threadIdx.x; i < n; i += blockDim.x) y[i] = kept[i];
        }

        #ifdef SIZE
        extern "C" __global__ void size(float* x) { x[0] = SIZE; }
        #endif
        """;

    private static readonly CudaSource Source = new("KernelLaunchTests.cu", Text);

    [CudaFact]
    public void A_kernel_computes_on_tensors()
    {
        using var scope = NewDisposeScope();
        var x = randn(1000, dtype: ScalarType.BFloat16, device: CUDA);
        var y = empty_like(x);
        Source.Kernel("scale").Launch(LaunchShape.Over(1000, 128), x, y, 2f, 1000L);
        Assert.True(y.allclose(x.add(x), 0, 0));

        var rows = rand(7, 3001, device: CUDA);
        var sums = empty(7, device: CUDA);
        Source.Kernel("row_sums").Launch(new LaunchShape(7, 256), rows, sums, 3001);
        Assert.True(sums.sub(rows.sum(1)).abs().max().item<float>() < 0.01);
    }

    [CudaFact]
    public void A_block_gets_more_than_48_KB_of_shared_memory()
    {
        using var scope = NewDisposeScope();
        const int count = 25_000;
        var x = rand(count, device: CUDA);
        var y = empty_like(x);
        Source.Kernel("through_shared").Launch(new LaunchShape(1, 1024) { SharedBytes = count * sizeof(float) }, x, y, count);
        Assert.True(y.allclose(x.flip(0), 0, 0));
        var device = CudaDevice.Get(0);
        var tooMuch = Assert.Throws<CudaException>(() => Source.Kernel("through_shared").Launch(new LaunchShape(1, 32) { SharedBytes = 1 << 20 }, x, y, count));
        Assert.StartsWith($"The kernel through_shared (KernelLaunchTests.cu) asks for 1048576 bytes of dynamic shared memory beside 0 static ones; a block on {device.Name} has "
            + $"{device.SharedMemoryPerBlock} (CUDA_ERROR_INVALID_VALUE", tooMuch.Message);
    }

    [CudaFact]
    public void A_macro_makes_a_variant()
    {
        using var scope = NewDisposeScope();
        var x = zeros(1, device: CUDA);
        Source.With("SIZE", 42).Kernel("size").Launch(new LaunchShape(1, 1), x);
        Assert.Equal(42, x.item<float>());
        Assert.Same(Source.With("SIZE", 42), Source.With("SIZE", 42));
        Assert.StartsWith("KernelLaunchTests.cu has no kernel size: CUDA_ERROR_NOT_FOUND (500)", Assert.Throws<CudaException>(() => Source.Kernel("size").Launch(new LaunchShape(1, 1), x)).Message);
    }

    [CudaFact]
    public void Arguments_that_do_not_fit_are_refused_by_position()
    {
        using var scope = NewDisposeScope();
        var (x, y) = (zeros(8, dtype: ScalarType.BFloat16, device: CUDA), zeros(8, dtype: ScalarType.BFloat16, device: CUDA));
        var kernel = Source.Kernel("scale");
        const string where = "the kernel scale (KernelLaunchTests.cu; grid 1x1x1, block 32x1x1, 0 bytes of dynamic shared memory)";
        Assert.Equal($"Argument 3 of {where} has 4 bytes; the kernel's parameter has 8 (int and float are 4, long, double and tensors 8).",
            Assert.Throws<ArgumentException>(() => kernel.Launch(new LaunchShape(1, 32), x, y, 1f, 8)).Message);
        Assert.Equal($"{where} takes 4 arguments, 3 were given.", Assert.Throws<ArgumentException>(() => kernel.Launch(new LaunchShape(1, 32), x, y, 1f)).Message);
        Assert.StartsWith($"Argument 1 of {where} is on cpu", Assert.Throws<ArgumentException>(() => kernel.Launch(new LaunchShape(1, 32), x, y.cpu(), 1f, 8L)).Message);
    }

    [CudaFact]
    public void A_launch_that_the_driver_refuses_names_error_kernel_and_shape()
    {
        using var scope = NewDisposeScope();
        var x = zeros(8, device: CUDA);
        var refused = Assert.Throws<CudaException>(() => Source.Kernel("row_sums").Launch(new LaunchShape(1, 4096), x, x, 8));
        Assert.StartsWith("cuLaunchKernel of the kernel row_sums (KernelLaunchTests.cu; grid 1x1x1, block 4096x1x1, 0 bytes of dynamic shared memory) failed: "
            + "CUDA_ERROR_INVALID_VALUE (1): invalid argument.", refused.Message);
        Assert.Equal(1, refused.Status);
    }

    [CudaFact]
    public void A_source_with_errors_gives_the_compilers_log_with_file_and_line()
    {
        using var scope = NewDisposeScope();
        var x = zeros(1, device: CUDA);
        var broken = new CudaSource("Broken.cu", "extern \"C\" __global__ void broken(float* x) {\n    x[0] = y;\n}\n").Kernel("broken");
        var message = Assert.Throws<CudaException>(() => broken.Launch(new LaunchShape(1, 1), x)).Message;
        Assert.StartsWith("Broken.cu does not compile for sm_", message);
        Assert.Contains("Broken.cu(2): error: identifier \"y\" is undefined", message);
    }

    [CudaFact]
    public void A_launch_is_cheap_and_allocates_nothing()
    {
        using var scope = NewDisposeScope();
        var (x, y) = (zeros(64, dtype: ScalarType.BFloat16, device: CUDA), zeros(64, dtype: ScalarType.BFloat16, device: CUDA));
        var kernel = Source.Kernel("scale");
        const int count = 500;
        for (var round = 0; round < 20; round++)
            Launch();
        cuda.synchronize();
        var (before, start) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
        Launch();
        var (nanoseconds, allocated) = (Stopwatch.GetElapsedTime(start).TotalNanoseconds / count, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, allocated);
        cuda.synchronize();
        Console.WriteLine($"    launch with 4 arguments: {nanoseconds:f0} ns, of which the driver takes {DriverTime(kernel, count):f0} ns");
        Assert.InRange(nanoseconds, 0, 20_000);

        unsafe double DriverTime(CudaKernel timed, int launches)
        {
            var function = Source.Module(CudaDevice.Get(0)).Function(timed.Name);
            ulong a = (ulong)Runtime.Cpu.TensorData.Pointer(x), b = (ulong)Runtime.Cpu.TensorData.Pointer(y), n = 64;
            var factor = 2f;
            var pointers = stackalloc void*[] { &a, &b, &factor, &n };
            var begin = Stopwatch.GetTimestamp();
            for (var i = 0; i < launches; i++)
                DriverApi.cuLaunchKernel(function, 1, 1, 1, 64, 1, 1, 0, 0, pointers, null);
            var taken = Stopwatch.GetElapsedTime(begin).TotalNanoseconds / launches;
            cuda.synchronize();
            return taken;
        }

        void Launch()
        {
            for (var i = 0; i < count; i++)
                kernel.Launch(new LaunchShape(1, 64), x, y, 2f, 64L);
        }
    }
}
