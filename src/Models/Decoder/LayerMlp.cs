namespace Neoteny.Models.Decoder;

/// <summary>What follows attention in a layer.</summary>
public abstract record LayerMlp
{
    /// <summary>Its name in the checkpoint.</summary>
    public string Name { get; init; } = "mlp";

    /// <summary>The activation as checkpoints spell it.</summary>
    public string Activation { get; init; } = "silu";
}

/// <summary>A dense gated MLP: <c>down(act(gate(x)) * up(x))</c>.</summary>
public sealed record GatedMlp : LayerMlp
{
    /// <summary>Features between the projections.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Whether the projections have biases.</summary>
    public bool Biases { get; init; }

    /// <summary>Whether the checkpoint holds gate and up as one, <c>gate_up_proj</c>, gate rows first.</summary>
    public bool FusedGateUp { get; init; }
}
