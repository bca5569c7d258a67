using Neoteny.Adapters;
using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Decoder;

/// <summary>Attention without attending: each token sees its own value and every score counts nothing.</summary>
internal sealed class MeanAttention : IAttention
{
    public AttentionFeatures Supports => (AttentionFeatures)(-1);

    public AttentionOutput Forward(AttentionInput input) => new() { Output = Repeated(input) };

    public AttentionGradients Backward(AttentionBackward backward)
    {
        var (input, spec) = (backward.Input, backward.Input.Spec);
        var gradient = backward.OutputGradient.reshape(backward.OutputGradient.size(0), spec.KeyHeads, -1, backward.OutputGradient.size(2)).sum(2);
        return new AttentionGradients
        {
            Query = zeros_like(input.Query),
            Key = zeros_like(input.Key),
            Value = gradient,
            Sinks = input.Sinks is null ? null : zeros_like(input.Sinks),
        };
    }

    private static Tensor Repeated(AttentionInput input)
        => input.Value.repeat_interleave(input.Spec.QueryHeads / input.Spec.KeyHeads, 1).contiguous();
}

/// <summary>Experts that ask others and note the shapes and dtypes of what they were given.</summary>
internal sealed class ForwardingExperts(IExperts inner) : IExperts
{
    public Parameter GateUp => inner.GateUp;

    public Parameter Down => inner.Down;

    public ExpertActivation Activation => inner.Activation;

    public IReadOnlyList<LowRankDelta> Deltas => inner.Deltas;

    public string[] Shapes { get; private set; } = [];

    public Value Forward(Tape tape, Value x_TH, Routing routing)
    {
        Shapes = [.. new[] { x_TH, routing.Experts, routing.Weights }.Select(v => $"[{string.Join(", ", v.Tensor.shape)}] {v.Tensor.dtype}")];
        return inner.Forward(tape, x_TH, routing);
    }
}

/// <summary>A loss of zero whose gradient is zero too, or the sum of the hidden states of trained tokens.</summary>
internal sealed class SumLoss : ILoss
{
    public bool IsCounted { get; init; }

    public LossFeatures Supports => LossFeatures.None;

    public LossResult Compute(LossInput input)
    {
        var trained = input.Labels.ge(Scalars.Zero).to(input.Hidden.dtype).unsqueeze(-1).expand(input.Hidden.shape).contiguous();
        if (input.NeedsGradient && input.Head.Weight.Trains)
        {
            input.Head.Weight.AddGradient(zeros([.. input.Head.Weight.Shape], dtype: input.Hidden.dtype));
        }

        return new LossResult
        {
            Loss = IsCounted ? input.Hidden.mul(trained).sum().to(ScalarType.Float32) : zeros([]),
            HiddenGradient = input.NeedsGradient ? (IsCounted ? trained : zeros_like(trained)) : null,
        };
    }
}
