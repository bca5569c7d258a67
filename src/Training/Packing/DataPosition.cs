namespace Neoteny.Training.Packing;

/// <summary>Where in the data a run stands.</summary>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="MicroBatch">The next micro-batch of that epoch.</param>
public readonly record struct DataPosition(int Epoch, int MicroBatch);
