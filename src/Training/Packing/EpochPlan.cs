namespace Neoteny.Training.Packing;

/// <summary>The micro-batches of one epoch.</summary>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="MicroBatches">For each micro-batch its rows, for each row its documents by number.</param>
/// <param name="Efficiency">Tokens divided by the room of all rows; 1 without packing.</param>
public sealed record EpochPlan(int Epoch, IReadOnlyList<IReadOnlyList<int[]>> MicroBatches, double Efficiency);
