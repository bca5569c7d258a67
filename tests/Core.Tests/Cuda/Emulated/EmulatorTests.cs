using Neoteny.Runtime.Cuda;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda.Emulated;

/// <summary>What the emulator of kernels finds, and what it lets pass.</summary>
public sealed class EmulatorTests
{
    private const string Text = """
        #include "neoteny.cuh"
        using namespace neoteny;
        extern "C" __global__ void beyond(float* x, int n) {
            if (threadIdx.x <= n) x[threadIdx.x] = 1.0f;
        }
        extern "C" __global__ void misaligned(float* x) {
            store_pack(x + 1, load_pack(x));
        }
        extern "C" __global__ void nowhere(float* x, float* optional) {
            x[0] = optional[0];
        }
        extern "C" __global__ void early(float* x) {
            __shared__ float s[64];
            if (threadIdx.x == 33) return;
            s[threadIdx.x] = 1.0f;
            __syncthreads();
            x[threadIdx.x] = s[threadIdx.x ^ 1];
        }
        extern "C" __global__ void two_barriers(float* x) {
            if (threadIdx.x < 32) {
                __syncthreads();
            } else {
                __syncthreads();
            }
            x[threadIdx.x] = 1.0f;
        }
        extern "C" __global__ void half_a_shuffle(float* x) {
            if (threadIdx.x < 16) x[threadIdx.x] = __shfl_down_sync(0xffffffffu, x[threadIdx.x], 1);
        }
        extern "C" __global__ void not_named(float* x) {
            if (threadIdx.x < 16) x[threadIdx.x] = __shfl_sync(0x0000ffffu, x[threadIdx.x], 20);
        }
        extern "C" __global__ void unwritten(float* x) {
            extern __shared__ float s[];
            if (threadIdx.x != 7) s[threadIdx.x] = 1.0f;
            __syncthreads();
            x[threadIdx.x] = s[threadIdx.x];
        }
        extern "C" __global__ void racing(float* x) {
            extern __shared__ float s[];
            s[threadIdx.x] = x[threadIdx.x];
            __syncwarp();
            x[threadIdx.x] = s[(threadIdx.x + DISTANCE) % blockDim.x];
        }
        extern "C" __global__ void of_one_another(float* x) { x[0] = blockIdx.x; }
        extern "C" __global__ void counted(int* count, float* sum, int* largest, int* agreed) {
            atomicAdd(count, 1);
            atomicAdd(sum, 0.5f);
            atomicMax(largest, (int)(blockIdx.x * 1000 + threadIdx.x));
            int even = __syncthreads_count(threadIdx.x % 2 == 0);
            if (threadIdx.x == 0) agreed[blockIdx.x] = even + (int)__ballot_sync(1u, 1);
        }
        extern "C" __global__ void index(float* x) {
            float own[4] = {};
            for (int i = 0; i <= threadIdx.x; i++) own[i] = i;
            x[threadIdx.x] = own[threadIdx.x];
        }
        """;

    private static readonly CudaSource Source = new CudaSource("Faults.cu", Text).With("DISTANCE", 1);

    [EmulatedTheory]
    [InlineData("early", 64, "block (0,0,0) does not go on: threads 0 to 32 wait at __syncthreads in line 16, thread 33 has left the kernel, threads 34 to 63 wait at __syncthreads in line 16.")]
    [InlineData("two_barriers", 64, "thread (63,0,0) of block (0,0,0) waits at the barrier in line 23, while thread 0 waits at the one in line 21 (Faults.cu:23).")]
    [InlineData("half_a_shuffle", 32, "threads 0 to 15 wait at __shfl_down_sync with mask 0xffffffff, threads 16 to 31 have left the kernel.")]
    [InlineData("not_named", 32, "reads in __shfl_sync from lane 20, which the mask 0x0000ffff does not name")]
    [InlineData("unwritten", 64, "thread (7,0,0) of block (0,0,0) reads byte 28 of dynamic shared memory, which no thread of the block has written (Faults.cu:37).")]
    [InlineData("racing", 64, "thread (31,0,0) of block (0,0,0) reads byte 128 of dynamic shared memory, which no thread of the block has written (Faults.cu:43).")]
    [InlineData("misaligned", 1, "thread (0,0,0) of block (0,0,0) uses an address that is no multiple of 16 (neoteny.cuh:59, called at Faults.cu:7).")]
    [InlineData("index", 5, "thread (4,0,0) of block (0,0,0) uses element 4 of an array that has none such (Faults.cu:55).")]
    [InlineData("of_one_another", 1, "thread (0,0,0) of block (1,0,0) writes byte 0 of argument 0, which another block wrote without a barrier in between (Faults.cu:45).")]
    public void A_fault_is_told_with_thread_and_line(string kernel, int threads, string expected)
    {
        using var x = ones(64);
        var shape = new LaunchShape(2, threads) { SharedBytes = kernel is "unwritten" or "racing" ? 64 * sizeof(float) : 0 };
        var fault = Assert.Throws<EmulationException>(() => EmulatedKernel.Compile(Source, kernel).Launch(shape, x));
        Assert.EndsWith(expected.EndsWith('.') ? expected : "", fault.Message);
        Assert.True(fault.Message.Contains(expected, StringComparison.Ordinal), fault.Message);
    }

    [EmulatedFact]
    public void A_write_behind_the_end_of_a_tensor_is_found()
    {
        using var x = zeros(5);
        var fault = Assert.Throws<EmulationException>(() => EmulatedKernel.Compile(Source, "beyond").Launch(new LaunchShape(1, 32), x, 5));
        Assert.Equal("beyond (grid 1x1x1, block 32x1x1, 0 bytes of dynamic shared memory): thread (5,0,0) of block (0,0,0) writes 4 bytes at byte 20 of argument 0, which has 20 (Faults.cu:4).",
            fault.Message);
        Assert.Equal(5, x.sum().item<float>());
        fault = Assert.Throws<EmulationException>(() => EmulatedKernel.Compile(Source, "nowhere").Launch(new LaunchShape(1, 1), x, CudaArgument.Null));
        Assert.Contains("reads 4 bytes through a null pointer (Faults.cu:10).", fault.Message);
    }

    [EmulatedFact]
    public void A_read_that_happens_to_come_after_the_write_is_a_race_too()
    {
        using var x = ones(64);
        var fault = Assert.Throws<EmulationException>(() => EmulatedKernel.Compile(Source.With("DISTANCE", 63), "racing").Launch(new LaunchShape(1, 64) { SharedBytes = 256 }, x));
        Assert.EndsWith("thread (0,0,0) of block (0,0,0) reads byte 252 of dynamic shared memory, which thread (63,0,0) wrote without a barrier in between (Faults.cu:43).", fault.Message);
    }

    [EmulatedFact]
    public void Exchange_within_a_warp_needs_only_the_warps_barrier()
    {
        using var x = arange(0, 64, dtype: ScalarType.Float32);
        EmulatedKernel.Compile(Source.With("DISTANCE", 0), "racing").Launch(new LaunchShape(1, 64) { SharedBytes = 256 }, x);
        Assert.Equal(Enumerable.Range(0, 64).Select(i => (float)i), x.data<float>().ToArray());
        using var y = arange(0, 32, dtype: ScalarType.Float32);
        EmulatedKernel.Compile(Source, "racing").Launch(new LaunchShape(1, 32) { SharedBytes = 128 }, y);
        Assert.Equal(Enumerable.Range(0, 32).Select(i => (i + 1) % 32f), y.data<float>().ToArray());
    }

    [EmulatedFact]
    public void Atomics_and_votes_of_a_block_count()
    {
        using var scope = NewDisposeScope();
        var (count, sum, largest, agreed) = (zeros(1, dtype: ScalarType.Int32), zeros(1), zeros(1, dtype: ScalarType.Int32), zeros(3, dtype: ScalarType.Int32));
        EmulatedKernel.Compile(Source, "counted").Launch(new LaunchShape(3, 100), count, sum, largest, agreed);
        Assert.Equal((300, 150f, 2099), (count.item<int>(), sum.item<float>(), largest.item<int>()));
        Assert.Equal([51, 51, 51], agreed.data<int>().ToArray());
    }

    [EmulatedFact]
    public void Arguments_are_checked_as_at_a_launch()
    {
        using var x = zeros(5);
        var kernel = EmulatedKernel.Compile(Source, "beyond");
        Assert.StartsWith("beyond takes 2 arguments, 1 were given.", Assert.Throws<ArgumentException>(() => kernel.Launch(new LaunchShape(1, 4), x)).Message);
        Assert.StartsWith("Argument 1 of beyond has 8 bytes; the kernel's parameter has 4.", Assert.Throws<ArgumentException>(() => kernel.Launch(new LaunchShape(1, 4), x, 5L)).Message);
        Assert.StartsWith("Faults-", Assert.Throws<ArgumentException>(() => EmulatedKernel.Compile(Source, "none")).Message);
        var broken = new CudaSource("Broken.cu", "extern \"C\" __global__ void broken(float* x) {\n    x[0] = y;\n}\n");
        Assert.Contains("Broken.cu:2:12: error: 'y' was not declared", Assert.Throws<InvalidOperationException>(() => EmulatedKernel.Compile(broken, "broken")).Message);
    }
}
