using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Records one call of an attention kernel. Inputs: query <c>[T, Hq, D]</c>, key <c>[S, Hk, D]</c>, value <c>[S, Hk, Dv]</c>; output <c>[T, Hq, Dv]</c>.</summary>
/// <remarks>
/// Saves the inputs, the output, the log-sum-exp and what the kernel adds. The kernel of forward also runs backward, whatever is swapped meanwhile.
/// <c>sinks</c> are the logits <c>[Hq]</c> that <see cref="AttentionFeatures.Sinks"/> demands, null without.
/// </remarks>
public sealed class Attend(IAttention kernel, AttentionSpec spec, SequenceLayout layout, Parameter? sinks = null) : Operator
{
    /// <inheritdoc/>
    public override string Name => "attention";

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters { get; } = sinks is null ? [] : [sinks];

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        Check(context);
        var output = WithSinks(logits => kernel.Forward(Input(context.Input, logits, context.IsRecording)));
        context.Emit(output.Output);
        for (var i = 0; i < 3; i++)
        {
            context.SaveInput(i);
        }

        context.SaveOutput(0);
        context.State = output.LogSumExp is not null;
        foreach (var saved in output.LogSumExp is { } lse ? output.Saved.Prepend(lse) : output.Saved)
        {
            context.Save(saved);
        }
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var hasLogSumExp = (bool)context.State!;
        var extras = Enumerable.Range(0, context.ExtraCount).Select(context.Extra).ToArray();
        var gradients = WithSinks(logits => kernel.Backward(new AttentionBackward
        {
            Input = Input(context.Input, logits, true),
            Output = context.Output(0),
            LogSumExp = hasLogSumExp ? extras[0] : null,
            OutputGradient = context.Gradient,
            Saved = hasLogSumExp ? extras[1..] : extras,
        }));
        context.Give(0, gradients.Query);
        context.Give(1, gradients.Key);
        context.Give(2, gradients.Value);
        if (sinks is { Trains: true })
        {
            sinks.AddGradient(gradients.Sinks ?? throw new InvalidOperationException($"{kernel.GetType().Name} gave no gradient of the sinks {sinks.Path}."));
        }
    }

    private TResult WithSinks<TResult>(Func<Tensor?, TResult> call)
    {
        if (sinks is null)
        {
            return call(null);
        }

        using var logits_H = sinks.Rent();
        return call(logits_H.Tensor);
    }

    private AttentionInput Input(Func<int, Tensor> input, Tensor? logits_H, bool needsBackward) => new()
    {
        Query = input(0),
        Key = input(1),
        Value = input(2),
        Layout = layout,
        Spec = spec,
        Sinks = logits_H,
        NeedsBackward = needsBackward,
    };

    private void Check(ForwardContext context)
    {
        CheckSinks();
        var expected = new[]
        {
            (layout.Tokens, spec.QueryHeads, spec.HeadSize),
            (layout.Keys, spec.KeyHeads, spec.HeadSize),
            (layout.Keys, spec.KeyHeads, spec.ValueSize == 0 ? spec.HeadSize : spec.ValueSize),
        };
        for (var i = 0; i < 3; i++)
        {
            var (rows, heads, size) = expected[i];
            var x = context.Input(i);
            if (x.dim() != 3 || x.size(0) != rows || x.size(1) != heads || x.size(2) != size)
            {
                throw new ArgumentException($"attention: input {i} has shape [{string.Join(", ", x.shape)}] where layout and layer say [{rows}, {heads}, {size}].");
            }
        }
    }

    private void CheckSinks()
    {
        var message = (spec.Demands.HasFlag(AttentionFeatures.Sinks), sinks) switch
        {
            (true, null) => "the layer demands sinks, but none were given.",
            (false, not null) => $"the layer does not demand sinks, but {sinks.Path} was given.",
            (true, not null) when sinks.Shape.Count != 1 || sinks.Shape[0] != spec.QueryHeads
                => $"the layer with {spec.QueryHeads} query heads cannot use sinks {sinks.Path} [{string.Join(", ", sinks.Shape)}].",
            _ => null,
        };
        if (message is not null)
        {
            throw new ArgumentException($"attention: {message}");
        }
    }
}
