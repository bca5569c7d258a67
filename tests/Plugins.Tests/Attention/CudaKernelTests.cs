using Neoteny.Attention;
using Neoteny.Plugins.Flash;
using Neoteny.Plugins.Sdpa;
using Neoteny.Plugins.Xformers;
using Neoteny.Runtime;
using Neoteny.Runtime.AttentionOperators;
using Neoteny.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Attention;

/// <summary>What can be said of the CUDA kernels without a device: what they refuse, and that their scripts compile.</summary>
public sealed class CudaKernelTests : IDisposable
{
    private static readonly Device Gpu = new(DeviceType.CUDA);
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void On_the_cpu_the_cuda_kernels_are_refused()
    {
        var spec = Of(16);
        Assert.Equal("it needs a CUDA device", new FlashAttention2().Refuses(spec, ScalarType.BFloat16, CPU));
        Assert.Equal("it needs a CUDA device", new FlashAttention3().Refuses(spec, ScalarType.BFloat16, CPU));
        Assert.Equal("it needs a CUDA device", new XformersAttention().Refuses(spec, ScalarType.Float32, CPU));
        Assert.Null(new SdpaAttention().Refuses(spec, ScalarType.Float32, CPU));
    }

    [Fact]
    public void Types_and_sizes_that_a_kernel_lacks_are_named()
    {
        Assert.Equal("it computes in bf16 and fp16 only, not Float32", FlashOperator.Refuses(Of(64), ScalarType.Float32, Gpu));
        Assert.Equal("head size 320 is above 256", FlashOperator.Refuses(Of(320), ScalarType.BFloat16, Gpu));
        Assert.Equal("head size 20 is no multiple of 8", FlashOperator.Refuses(Of(20), ScalarType.Float16, Gpu));
        Assert.Equal("values have another head size than keys", FlashOperator.Refuses(Of(64, 32), ScalarType.Float16, Gpu));
        Assert.Null(FlashOperator.Refuses(Of(256), ScalarType.BFloat16, Gpu));
        Assert.Equal("head size 20 is no multiple of 8", EfficientOperator.Refuses(Of(20), ScalarType.Float16, Gpu));
        Assert.Equal("value size 6 is no multiple of 4", EfficientOperator.Refuses(Of(20, 6), ScalarType.Float32, Gpu));
        Assert.Equal("it computes in fp32, bf16 and fp16 only, not Float64", EfficientOperator.Refuses(Of(64), ScalarType.Float64, Gpu));
        Assert.Null(EfficientOperator.Refuses(Of(320), ScalarType.Float32, Gpu));
    }

    [Fact]
    public void No_kernel_but_the_reference_has_a_softcap()
    {
        IAttention[] kernels = [new SdpaAttention(), new FlashAttention2(), new FlashAttention3(), new XformersAttention()];
        Assert.All(kernels, k => Assert.False(k.Supports.HasFlag(AttentionFeatures.Softcap)));
        Assert.All(kernels, k => Assert.True(k.Supports.HasFlag(AttentionFeatures.Causal | AttentionFeatures.Window | AttentionFeatures.Sinks | AttentionFeatures.GroupedHeads
            | AttentionFeatures.UnequalLengths | AttentionFeatures.LogSumExp)));
    }

    [Fact]
    public void What_is_derived_from_a_layout_is_made_once_and_freed_with_it()
    {
        var before = LiveTensors.Count();
        var layout = SequenceLayout.Of([3, 2]);
        Tensor Double(SequenceLayout l) => l.QueryOffsets.mul(Scalars.Of(2L)).DetachFromDisposeScope();
        var first = layout.Derived("doubled", Double);
        Assert.Same(first, layout.Derived("doubled", Double));
        Assert.NotSame(first, layout.Derived("again", Double));
        Assert.Equal([0, 6, 10], first.data<int>().ToArray());
        layout.Dispose();
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void The_scripts_compile_and_their_operators_exist()
    {
        using var layout = SequenceLayout.Of([3, 2]);
        Tensor Heads(int heads) => zeros(5, heads, 16, dtype: ScalarType.BFloat16);
        var input = new AttentionInput { Query = Heads(2), Key = Heads(1), Value = Heads(1), Layout = layout, Spec = Of(16) };
        var backward = new AttentionBackward
        {
            Input = input,
            Output = zeros_like(input.Query),
            LogSumExp = zeros(5, 2),
            OutputGradient = zeros_like(input.Query),
            Saved = [zeros(1), zeros(1)],
        };
        foreach (var call in new Action[]
        {
            () => FlashOperator.Forward(input), () => FlashOperator.Backward(backward), () => EfficientOperator.Forward(input), () => EfficientOperator.Backward(backward),
        })
        {
            Assert.Contains("CPU", Assert.ThrowsAny<Exception>(call).Message, StringComparison.Ordinal);
        }
    }

    private static AttentionSpec Of(int size, int valueSize = 0) => new()
    {
        Demands = AttentionFeatures.Causal | AttentionFeatures.GroupedHeads,
        Scale = 1,
        QueryHeads = 2,
        KeyHeads = 1,
        HeadSize = size,
        ValueSize = valueSize,
    };
}
