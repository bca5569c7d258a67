using Neoteny.Attention;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Sdpa;

/// <summary>Runs a kernel that wants heads of one size on heads of two: the smaller are filled up with zeros, which add nothing to scores or sums.</summary>
internal static class EqualHeadSizes
{
    public static AttentionOutput Forward(AttentionInput input, Func<AttentionInput, AttentionOutput> kernel)
    {
        if (Sizes(input) is not { } sizes)
        {
            return kernel(input);
        }

        var output = kernel(Filled(input, sizes));
        return new AttentionOutput { Output = output.Output.narrow(-1, 0, sizes.Value).contiguous(), LogSumExp = output.LogSumExp, Saved = output.Saved };
    }

    public static AttentionGradients Backward(AttentionBackward backward, Func<AttentionBackward, AttentionGradients> kernel)
    {
        if (Sizes(backward.Input) is not { } sizes)
        {
            return kernel(backward);
        }

        var gradients = kernel(new AttentionBackward
        {
            Input = Filled(backward.Input, sizes),
            Output = Filled(backward.Output, sizes.Larger),
            LogSumExp = backward.LogSumExp,
            OutputGradient = Filled(backward.OutputGradient, sizes.Larger),
            Saved = backward.Saved,
        });
        return new AttentionGradients
        {
            Query = gradients.Query.narrow(-1, 0, sizes.Key).contiguous(),
            Key = gradients.Key.narrow(-1, 0, sizes.Key).contiguous(),
            Value = gradients.Value.narrow(-1, 0, sizes.Value).contiguous(),
        };
    }

    private static (long Key, long Value, long Larger)? Sizes(AttentionInput input)
    {
        var (key, value) = (input.Key.size(-1), input.Value.size(-1));
        return key == value ? null : (key, value, Math.Max(key, value));
    }

    private static AttentionInput Filled(AttentionInput input, (long Key, long Value, long Larger) sizes) => new()
    {
        Query = Filled(input.Query, sizes.Larger),
        Key = Filled(input.Key, sizes.Larger),
        Value = Filled(input.Value, sizes.Larger),
        Layout = input.Layout,
        Spec = input.Spec,
        Sinks = input.Sinks,
        NeedsBackward = input.NeedsBackward,
    };

    private static Tensor Filled(Tensor x, long size) => x.size(-1) == size ? x : nn.functional.pad(x, [0, size - x.size(-1)]);
}
