using Neoteny.Autograd;
using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Operators;
using Neoteny.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda.Emulated;

/// <summary>The mask of a device draws other numbers than that of the CPU: what it must be is defined by its hash.</summary>
public sealed class EmulatedDropoutMaskTests
{
    private const float Keep = 0.75f;

    private static readonly CudaSource Source = CudaSource.Embedded(typeof(DropoutMask).Assembly, "DropoutMask.cu");

    [EmulatedTheory]
    [InlineData("dropout_mask_fp32", ScalarType.Float32)]
    [InlineData("dropout_mask_bf16", ScalarType.BFloat16)]
    [InlineData("dropout_mask_fp16", ScalarType.Float16)]
    public void Each_element_is_what_the_hash_of_key_and_index_says(string name, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        const ulong key = 0xFEDCBA9876543210;
        const long count = 1001;
        var mask = full([count], Runtime.Scalars.Of(double.NaN), dtype: dtype);
        var kernel = EmulatedKernel.Compile(Source, name);
        kernel.Launch(LaunchShape.Over(count, 256), mask, CudaArgument.Null, key, 0UL, Keep, count);
        var expected = tensor(Enumerable.Range(0, (int)count).Select(i => Uniform(key, (ulong)i) < Keep ? 1 / Keep : 0).ToArray()).to(dtype);
        Assert.True(mask.equal(expected).all().item<bool>());

        // Captured work finds the key of its call from a seed in memory.
        var seeded = full([count], Runtime.Scalars.Of(double.NaN), dtype: dtype);
        const ulong change = 0x123456789ABCDEF;
        kernel.Launch(LaunchShape.Over(count, 256), seeded, tensor(-5L), 7UL, change, Keep, count);
        kernel.Launch(LaunchShape.Over(count, 256), expected, CudaArgument.Null, RandomSource.KeyOf(unchecked((ulong)-5L), 7) ^ change, 0UL, Keep, count);
        Assert.True(seeded.equal(expected).all().item<bool>());
        Assert.InRange(mask.count_nonzero().item<long>(), (long)(0.7 * count), (long)(0.8 * count));
    }

    /// <summary>splitmix64, its upper 24 bits as a number in [0, 1).</summary>
    private static float Uniform(ulong key, ulong index)
    {
        var z = key + (0x9E3779B97F4A7C15 * (index + 1));
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 40) / 16777216f;
    }
}
