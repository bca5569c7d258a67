using Neoteny.Configuration;

namespace Neoteny.Training.Options;

/// <summary>CUDA graphs: the work of a layer is captured once and launched by one call from then on.</summary>
[Options]
public sealed record CaptureOptions
{
    /// <summary>Whether layers run as CUDA graphs where they can.</summary>
    [Key("cuda_graphs", Summary = "Capture the work of each layer and launch it by one call: faster where the host holds a GPU back (short rows, small models, LoRA). Its memory stays taken.")]
    public bool Enabled { get; init; }
}
