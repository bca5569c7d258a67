using Neoteny.Training.Data;

namespace Neoteny.Benchmarks.Steps;

/// <summary>One kind of step.</summary>
/// <param name="Name">Its name.</param>
/// <param name="LoraRank">Rank of LoRA on every linear module; 0 trains the whole model.</param>
/// <param name="IsPacked">Rows of many short conversations whose answers train; otherwise two documents of 512 tokens that train whole.</param>
internal sealed record StepCase(string Name, int LoraRank, bool IsPacked)
{
    /// <summary>All cases.</summary>
    public static IReadOnlyList<StepCase> All { get; } =
    [
        new("packed", 0, true),
        new("dense", 0, false),
        new("lora", 16, true),
    ];

    /// <summary>Its rows: the documents of each.</summary>
    public IReadOnlyList<IReadOnlyList<Document>> Rows() => IsPacked ? StepData.Packed() : StepData.Dense();
}
