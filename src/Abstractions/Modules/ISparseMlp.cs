using Neoteny.Autograd;

namespace Neoteny.Modules;

/// <summary>A mixture of experts in place of an MLP: router, experts, and where the family has one an expert that every token visits.</summary>
public interface ISparseMlp : IMlp
{
    /// <summary>The router of the moment.</summary>
    IRouter Router { get; }

    /// <summary>The experts of the moment.</summary>
    IExperts Experts { get; }

    /// <summary>The expert that every token visits, or null.</summary>
    IGatedMlp? Shared => null;

    /// <summary>Maps <c>[T, H]</c> to <c>[T, H]</c> and says how tokens were routed. The layer calls this one.</summary>
    (Value Output, Routing Routing) ForwardRouted(Tape tape, Value x_TH);

    /// <inheritdoc/>
    Value IMlp.Forward(Tape tape, Value x_TH) => ForwardRouted(tape, x_TH).Output;
}
