namespace Neoteny.Modules;

/// <summary>How router logits become chosen experts and weights.</summary>
public sealed record RouterScoring
{
    /// <summary>The order of scores and choice.</summary>
    public required RouterScore Score { get; init; }

    /// <summary>Experts per token.</summary>
    public required int TopK { get; init; }

    /// <summary>Whether the weights of a token are divided by their sum.</summary>
    public bool Normalizes { get; init; }

    /// <summary>Factor on the weights, after normalizing.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>Groups of neighbouring experts, of which the best <see cref="ChosenGroups"/> stay in the choice; 1 for none. With <see cref="RouterScore.Sigmoid"/>.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>How many groups stay; the score of a group is the sum of its two best.</summary>
    public int ChosenGroups { get; init; } = 1;
}

/// <summary>The scores of a router.</summary>
public enum RouterScore
{
    /// <summary>Softmax over all experts, then the best k (Mixtral, Qwen, OLMoE).</summary>
    Softmax,

    /// <summary>The best k logits, then softmax over these (gpt-oss).</summary>
    SoftmaxOfChosen,

    /// <summary>Sigmoid of each logit, then the best k among the best groups (DeepSeek-V3).</summary>
    Sigmoid,
}
