using Neoteny.Autograd;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Operators;

/// <summary>Finds out which random keys a tape hands out.</summary>
internal static class Keys
{
    /// <summary>The key of the first call on a tape with this seed.</summary>
    public static ulong First(ulong seed)
    {
        using var one = ones(1);
        using var tape = new Tape(new TapeOptions { Seed = seed });
        var probe = new Probe();
        tape.Apply(probe, tape.Constant(one));
        return probe.Seen[0];
    }

    /// <summary>Copies its input and writes its key down.</summary>
    internal sealed class Probe : Operator
    {
        public List<ulong> Seen { get; } = [];

        public override string Name => "probe";

        public override void Forward(ForwardContext context)
        {
            Seen.Add(context.RandomKey);
            context.Emit(context.Input(0).clone());
        }

        public override void Backward(BackwardContext context)
        {
            Seen.Add(context.RandomKey);
            context.Pass(0);
        }
    }
}
