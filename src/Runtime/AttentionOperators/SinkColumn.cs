using Neoteny.Attention;
using static TorchSharp.torch;

namespace Neoteny.Runtime.AttentionOperators;

// T tokens, Hq query heads, Dv value size

/// <summary>Adds the sinks' column of the softmax to the results of a kernel that does not know them.</summary>
/// <remarks>
/// A sink adds <c>exp(sink)</c> to the denominator and nothing to the sum. So the output shrinks by <c>exp(lse - lse')</c> with
/// <c>lse' = log(exp(lse) + exp(sink))</c>. Backward of the kernel needs no correction: from <c>lse'</c> and the new output it finds the
/// probabilities with the sink in place. The sink's own gradient is <c>-sum over t of exp(sink - lse') * (dO . O)</c>.
/// </remarks>
public static class SinkColumn
{
    /// <summary>The output and log-sum-exp with the sinks in the softmax; overwrites the output it is given.</summary>
    /// <param name="output">What a kernel without sinks computed; its log-sum-exp must be there.</param>
    /// <param name="input">The call; without sinks the output is returned as it is.</param>
    public static AttentionOutput AddTo(AttentionOutput output, AttentionInput input)
    {
        if (input.Sinks is not { } sinks_H)
        {
            return output;
        }

        var lse_TH = output.LogSumExp!;
        var sum_TH = lse_TH.logaddexp(sinks_H.to(ScalarType.Float32));
        return new AttentionOutput
        {
            Output = output.Output.mul_(lse_TH.sub(sum_TH).exp_().unsqueeze(-1)),
            LogSumExp = sum_TH,
            Saved = output.Saved,
        };
    }

    /// <summary>The gradients with that of the sinks.</summary>
    /// <param name="gradients">What a kernel computed from the log-sum-exp and the output with sinks.</param>
    /// <param name="backward">The call; without sinks the gradients are returned as they are.</param>
    public static AttentionGradients AddTo(AttentionGradients gradients, AttentionBackward backward)
    {
        if (backward.Input.Sinks is not { } sinks_H)
        {
            return gradients;
        }

        var delta_TH = backward.OutputGradient.to(ScalarType.Float32).mul(backward.Output).sum(-1);
        var share_TH = sinks_H.to(ScalarType.Float32).sub(backward.LogSumExp!).exp_();
        return new AttentionGradients
        {
            Query = gradients.Query,
            Key = gradients.Key,
            Value = gradients.Value,
            Sinks = share_TH.mul_(delta_TH).sum(0L).neg_().to(sinks_H.dtype),
        };
    }
}
