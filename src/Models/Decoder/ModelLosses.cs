using Neoteny.Autograd;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Models.Decoder;

/// <summary>What one micro-batch trains on.</summary>
public sealed record ModelLosses
{
    /// <summary>The scaled loss of the tokens, fp32 scalar.</summary>
    public required Value Loss { get; init; }

    /// <summary>The routers' load balancing loss as it is, fp32 scalar; null where the model has none or it is switched off.</summary>
    public Value? RouterLoss { get; init; }

    /// <summary>The factor it is trained with.</summary>
    public double RouterFactor { get; init; }

    /// <summary>Makes them roots of the tape.</summary>
    public void AddTo(Tape tape)
    {
        tape.AddLoss(Loss);
        if (RouterLoss is { } balance)
        {
            tape.AddLoss(balance, tape.Keep(full([], Scalars.Of(RouterFactor), dtype: ScalarType.Float32, device: balance.Tensor.device).DetachFromDisposeScope()));
        }
    }
}
