using Neoteny.Runtime.Cuda;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda.Emulated;

/// <summary>Hopper's warpgroup products and named barriers in the emulator.</summary>
public sealed class EmulatedWarpgroupTests
{
    private const string Text = """
        #include "neoteny.cuh"
        using namespace neoteny;
        extern __shared__ __align__(1024) unsigned char memory[];
        __device__ __forceinline__ u64 describe(const void* p) {
            u32 at;
            asm("{ .reg .u64 wide; cvta.to.shared.u64 wide, %1; cvt.u32.u64 %0, wide; }" : "=r"(at) : "l"(p));
            return (u64)((at & 0x3ffff) >> 4) | (u64)1 << 16 | (u64)64 << 32 | (u64)EXCHANGE << 62;
        }
        // y[64 x 64] = a[64 x 16] b: b is [64 x 16], or [16 x 64] across rows. A tile has 64 columns; those behind the first 16 are not read.
        extern "C" __global__ void product(const bf16* a, const bf16* b, float* y, int across) {
            bf16* sa = (bf16*)memory;
            bf16* sb = sa + 64 * 64;
            for (int i = threadIdx.x; i < 64 * 16; i += 128) {
                const int row = i / 16, column = i % 16, r = across ? i / 64 : row, c = across ? i % 64 : column;
                sa[row * 64 + (column / 8 ^ row % 8) * 8 + column % 8] = a[i];
                sb[r * 64 + (c / 8 ^ r % 8) * 8 + c % 8] = b[i];
            }
            __syncthreads();
            float s[32];
            for (int i = 0; i < 32; i++) s[i] = 0.0f;
            const int warp = threadIdx.x / 32, g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
            if (across) {
                u32 x[4];
                for (int r = 0; r < 4; r++) {
                    const bf16* from = a + (warp * 16 + g + r % 2 * 8) * 16 + 2 * t + r / 2 * 8;
                    x[r] = from[0].bits | (u32)from[1].bits << 16;
                }
                asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {"
                    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
                    "}, {%32, %33, %34, %35}, %36, 1, 1, 1, 1;"
                    : OPERANDS : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "l"(describe(sb)));
            } else {
                asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {"
                    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
                    "}, %32, %33, 1, 1, 1, 0, 0;"
                    : OPERANDS : "l"(describe(sa)), "l"(describe(sb)));
            }
            asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
            asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LEFT) : "memory");
            for (int n = 0; n < 8; n++)
                for (int i = 0; i < 4; i++) y[(warp * 16 + g + i / 2 * 8) * 64 + n * 8 + 2 * t + i % 2] = s[n * 4 + i];
        }
        // One half of the threads writes and says so, the other waits and reads.
        extern "C" __global__ void handed_over(float* x, int waiting) {
            float* s = (float*)memory;
            if (threadIdx.x < 32) {
                s[threadIdx.x] = x[threadIdx.x];
                asm volatile("bar.arrive %0, %1;" ::"r"(3), "n"(64) : "memory");
            } else {
                asm volatile("bar.sync %0, %1;" ::"r"(waiting), "n"(64) : "memory");
                x[threadIdx.x] = s[threadIdx.x - 32] + 1.0f;
            }
        }
        """;

    private static readonly string Operands = string.Join(", ", Enumerable.Range(0, 32).Select(i => $"\"+f\"(s[{i}])"));
    private static readonly CudaSource Source = new("Warpgroup.cu", Text.Replace("OPERANDS", Operands, StringComparison.Ordinal));

    [EmulatedTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Products_are_those_of_the_matrices(bool across)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (randn(64, 16).bfloat16(), (across ? randn(16, 64) : randn(64, 16)).bfloat16());
        var y = Run(a, b, across, exchange: 1, left: 0);
        var expected = a.@float().mm(across ? b.@float() : b.@float().t());
        Assert.True((y - expected).abs().max().item<float>() < 1e-4);
    }

    [EmulatedFact]
    public void Sums_are_there_only_when_they_were_waited_for()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (ones(64, 16).bfloat16(), ones(64, 16).bfloat16());
        Assert.Equal(0, Run(a, b, across: false, exchange: 1, left: 1).abs().max().item<float>());
    }

    [EmulatedFact]
    public void Another_layout_of_tiles_is_refused()
    {
        using var scope = NewDisposeScope();
        var x = ones(64, 16).bfloat16();
        Assert.Contains("without the exchange of 128 bytes", Assert.Throws<EmulationException>(() => Run(x, x, across: false, exchange: 0, left: 0)).Message);
    }

    [EmulatedFact]
    public void Named_barriers_hand_over_and_say_who_waits_for_ever()
    {
        using var x = arange(0, 64, dtype: ScalarType.Float32);
        var shape = new LaunchShape(1, 64) { SharedBytes = 128 };
        var kernel = EmulatedKernel.Compile(Source.With("EXCHANGE", 1).With("LEFT", 0), "handed_over");
        kernel.Launch(shape, x, 3);
        Assert.Equal(Enumerable.Range(0, 64).Select(i => i < 32 ? i : i - 31f), x.data<float>().ToArray());
        var fault = Assert.Throws<EmulationException>(() => kernel.Launch(shape, x, 4));
        Assert.Contains("threads 32 to 63 wait at barrier 4 with 32 of 64 threads", fault.Message);
        Assert.Contains("uses barrier 16; there are 16", Assert.Throws<EmulationException>(() => kernel.Launch(shape, x, 16)).Message);
    }

    private static Tensor Run(Tensor a, Tensor b, bool across, int exchange, int left)
    {
        var y = full(64, 64, float.NaN);
        EmulatedKernel.Compile(Source.With("EXCHANGE", exchange).With("LEFT", left), "product").Launch(new LaunchShape(1, 128) { SharedBytes = 4 * 64 * 64 }, a, b, y, across ? 1 : 0);
        return y;
    }
}
