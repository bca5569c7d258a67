using Neoteny.Configuration;

namespace Neoteny.Plugins.Liger;

/// <summary>The keys of the fused operators: each switches one of them on.</summary>
[Options]
public sealed record LigerOptions : IValidated
{
    /// <summary>Rotary embedding in place.</summary>
    [Key("liger_rope", Default = "false", Activates = [LigerRope.ExtensionName], Summary = "Turn queries and keys in place.")]
    public bool Rope { get; init; }

    /// <summary>RMSNorm with the residual's addition.</summary>
    [Key("liger_rms_norm", Default = "false", Activates = [LigerRmsNorm.ExtensionName], Summary = "Fuse RMSNorm with the addition of the residual in front of it.")]
    public bool RmsNorm { get; init; }

    /// <summary>LayerNorm with the residual's addition.</summary>
    [Key("liger_layer_norm", Default = "false", Activates = [LigerLayerNorm.ExtensionName], Summary = "Fuse LayerNorm with the addition of the residual in front of it; for models that have LayerNorms.")]
    public bool LayerNorm { get; init; }

    /// <summary>Gated MLPs whose gradients take the place of their inputs.</summary>
    [Key("liger_glu_activation", Aliases = ["liger_swiglu"], Default = "false", Activates = [LigerGluActivation.ExtensionName], Summary = "Fuse the gate of SwiGLU and GeGLU MLPs.")]
    public bool GluActivation { get; init; }

    /// <summary>Cross-entropy in place over all logits.</summary>
    [Key("liger_cross_entropy", Default = "false", Activates = [LigerCrossEntropy.ExtensionName], Summary = "Cross-entropy whose gradient takes the place of the logits; all of them exist at once.")]
    public bool CrossEntropy { get; init; }

    /// <summary>Head and cross-entropy in chunks of tokens.</summary>
    [Key("liger_fused_linear_cross_entropy", Default = "false", Activates = [LigerFusedLinearCrossEntropy.ExtensionName], Summary = "Head and cross-entropy together, a chunk of tokens at a time.")]
    public bool FusedLinearCrossEntropy { get; init; }

    /// <summary>Whether each token's loss is multiplied by the probability that the model gives its label.</summary>
    [Key("liger_use_token_scaling", Default = "false", Summary = "Multiply each token's loss by the probability of its label, taken as a constant; needs liger_fused_linear_cross_entropy.")]
    public bool TokenScaling { get; init; }

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        if (TokenScaling && !FusedLinearCrossEntropy)
        {
            problems.Add(nameof(TokenScaling), "needs liger_fused_linear_cross_entropy: true. Set it, or remove this key.");
        }
    }
}
