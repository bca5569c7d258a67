namespace Neoteny.Plugins.Flex;

/// <summary>What a user adds to attention: masks, all of which must hold, and score modifications, applied one after the other.</summary>
public sealed record FlexProgram
{
    /// <summary>Which keys a query sees; empty for what the layer itself says.</summary>
    public IReadOnlyList<MaskModification> Masks { get; init; } = [];

    /// <summary>Applied to the scaled scores, after the layer's own softcap.</summary>
    public IReadOnlyList<ScoreModification> Scores { get; init; } = [];
}
