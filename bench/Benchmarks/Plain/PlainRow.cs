using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Plain;

/// <summary>What every layer of one forward pass reads.</summary>
/// <param name="Cosines">Rotary cosines <c>[B, 1, T, D]</c>.</param>
/// <param name="Sines">Rotary sines.</param>
/// <param name="Mask">Additive attention mask, or null for causal.</param>
/// <param name="Lengths">Lengths of documents that attend apart, or null.</param>
internal sealed record PlainRow(Tensor Cosines, Tensor Sines, Tensor? Mask, long[]? Lengths);
