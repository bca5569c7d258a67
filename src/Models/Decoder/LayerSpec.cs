namespace Neoteny.Models.Decoder;

/// <summary>What one decoder layer is made of.</summary>
public sealed record LayerSpec
{
    /// <summary>The attention; <see cref="GroupedAttention"/> in most families.</summary>
    public required LayerAttention Attention { get; init; }

    /// <summary>What follows attention; <see cref="GatedMlp"/> where the layer is dense.</summary>
    public required LayerMlp Mlp { get; init; }

    /// <summary>Where the layer normalizes.</summary>
    public LayerNorms Norms { get; init; } = LayerNorms.Before;
}

/// <summary>The norms of a layer by their names in the checkpoint; null where there is none.</summary>
/// <remarks>A layer computes <c>x += AfterAttention(attention(BeforeAttention(x)))</c> and <c>x += AfterMlp(mlp(BeforeMlp(x)))</c>.</remarks>
public sealed record LayerNorms
{
    /// <summary>Llama and most others: before attention and before the MLP.</summary>
    public static LayerNorms Before { get; } = new() { BeforeAttention = "input_layernorm", BeforeMlp = "post_attention_layernorm" };

    /// <summary>Gemma 2 and 3: on both sides of attention and of the MLP.</summary>
    public static LayerNorms Around { get; } = new()
    {
        BeforeAttention = "input_layernorm",
        AfterAttention = "post_attention_layernorm",
        BeforeMlp = "pre_feedforward_layernorm",
        AfterMlp = "post_feedforward_layernorm",
    };

    /// <summary>OLMo 2: on the results only.</summary>
    public static LayerNorms After { get; } = new() { AfterAttention = "post_attention_layernorm", AfterMlp = "post_feedforward_layernorm" };

    /// <summary>The norm in front of attention.</summary>
    public string? BeforeAttention { get; init; }

    /// <summary>The norm of what attention gives, before it joins the residual stream.</summary>
    public string? AfterAttention { get; init; }

    /// <summary>The norm in front of the MLP.</summary>
    public string? BeforeMlp { get; init; }

    /// <summary>The norm of what the MLP gives.</summary>
    public string? AfterMlp { get; init; }
}
