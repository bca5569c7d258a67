namespace Neoteny.Training.Loop;

/// <summary>What the summed loss of an optimizer step is divided by.</summary>
public enum LossNormalization
{
    /// <summary>All trained tokens of the step: every token counts alike, however the step is cut into micro-batches.</summary>
    Tokens,

    /// <summary>The trained tokens of each micro-batch, then the number of micro-batches: the mean of means, for comparison with older trainers.</summary>
    MicroBatches,
}
