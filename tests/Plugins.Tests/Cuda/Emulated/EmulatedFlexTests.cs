using Neoteny.Attention;
using Neoteny.Plugins.Flex;
using Neoteny.Plugins.Flex.Cuda;
using Neoteny.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda.Emulated;

/// <summary>Both kinds of kernels against the delegates.</summary>
public sealed class EmulatedFlexTests
{
    private const int Heads = 4;
    private const int KeyHeads = 2;

    [EmulatedTheory]
    [InlineData("", "", 16, 16)]
    [InlineData("prefix_lm(20)", "alibi", 24, 12)]
    [InlineData("head % 2 == 0 || q - k < 30", "softcap(2)", 33, 20)]
    [InlineData("full;k % 5 != 2 || k == q", "score > 0 ? score : 0.5f * score", 8, 40)]
    public void A_warp_for_each_row(string masks, string scores, int size, int valueSize)
        => Compare(masks, scores, size, valueSize, [37, 1, 40], ScalarType.Float32, 2e-5, (p, d) => new PlainKernels(p, d, Math.Max(size, valueSize)));

    [EmulatedTheory]
    [InlineData("", "", 64, 64, ScalarType.BFloat16)]
    [InlineData("prefix_lm(90)", "alibi", 32, 48, ScalarType.Float16)]
    [InlineData("head % 2 == 0 || q - k < 70", "softcap(2)", 40, 16, ScalarType.BFloat16)]
    [InlineData("full;k % 5 != 2 || k == q", "score > 0 ? score : 0.5f * score", 144, 144, ScalarType.BFloat16)]
    public void Tensor_cores(string masks, string scores, int size, int valueSize, ScalarType dtype)
        => Compare(masks, scores, size, valueSize, [150, 1, 65], dtype, dtype == ScalarType.BFloat16 ? 1.0 / 64 : 1.0 / 400, (p, d) => new TensorCoreKernels(p, d, size, valueSize));

    [EmulatedTheory]
    [InlineData("", "", 64, ScalarType.BFloat16, false)]
    [InlineData("", "", 64, ScalarType.BFloat16, true)]
    [InlineData("prefix_lm(90)", "alibi", 128, ScalarType.Float16, false)]
    [InlineData("head % 2 == 0 || q - k < 70", "softcap(2)", 64, ScalarType.Float16, false)]
    [InlineData("full;k % 5 != 2 || k == q", "score > 0 ? score : 0.5f * score", 128, ScalarType.BFloat16, true)]
    public void Warpgroups_of_Hopper(string masks, string scores, int size, ScalarType dtype, bool isDeterministic)
        => Compare(masks, scores, size, size, [290, 1, 65], dtype, dtype == ScalarType.BFloat16 ? 1.0 / 64 : 1.0 / 400, (p, d) => new HopperKernels(p, d, size), isDeterministic);

    private static void Compare(
        string masks, string scores, int size, int valueSize, int[] lengths, ScalarType dtype, double tolerance, Func<LayerProgram, ScalarType, IKernelSet> make,
        bool isDeterministic = false)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var tokens = lengths.Sum();
        // Views of wider rows, as of a joint projection.
        Tensor Rows(int heads, int width) => randn(tokens, heads + 1, width).to(dtype).narrow(1, 1, heads);
        var (q, k, v, g) = (Rows(Heads, size), Rows(KeyHeads, size), Rows(KeyHeads, valueSize), Rows(Heads, valueSize));
        using var layout = SequenceLayout.Of(lengths);
        var spec = new AttentionSpec
        {
            Demands = AttentionFeatures.Causal | AttentionFeatures.GroupedHeads,
            Scale = 1 / Math.Sqrt(size),
            QueryHeads = Heads,
            KeyHeads = KeyHeads,
            HeadSize = size,
            ValueSize = valueSize,
        };
        var options = new FlexOptions { Masks = masks.Split(';', StringSplitOptions.RemoveEmptyEntries), Scores = scores.Split(';', StringSplitOptions.RemoveEmptyEntries) };
        AttentionInput Input(Func<Tensor, Tensor> cast) => new() { Query = cast(q), Key = cast(k), Value = cast(v), Layout = layout, Spec = spec, NeedsBackward = true };

        var reference = new FlexAttention(options);
        var wide = Input(x => x.to(ScalarType.Float32));
        var expected = reference.Forward(wide);
        var gradients = reference.Backward(new AttentionBackward { Input = wide, Output = expected.Output, LogSumExp = expected.LogSumExp, OutputGradient = g.to(ScalarType.Float32) });

        using var launches = EmulatedLaunches.Begin();
        var program = LayerProgram.Of(options.Program(), LayerKey.Of(spec));
        var (input, set) = (Input(x => x), make(program, dtype));
        var actual = FlexKernels.Forward(input, program, set);
        var back = FlexKernels.Backward(new AttentionBackward { Input = input, Output = actual.Output, LogSumExp = actual.LogSumExp, OutputGradient = g }, program, set.Backward(isDeterministic));
        Close.To(expected.Output, actual.Output, tolerance, "output");
        Close.To(expected.LogSumExp!, actual.LogSumExp!, tolerance, "log-sum-exp");
        Close.To(gradients.Query, back.Query, tolerance, "gradient of the queries");
        Close.To(gradients.Key, back.Key, tolerance, "gradient of the keys");
        Close.To(gradients.Value, back.Value, tolerance, "gradient of the values");
        Assert.Contains("flex_blocks", launches.Names);
        Assert.Contains("flex_columns", launches.Names);
    }
}
