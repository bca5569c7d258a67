namespace Neoteny.Models.Loading;

/// <summary>The rows of an embedding and its head that are to hold more tokens than the checkpoint.</summary>
/// <param name="Count">The rows altogether.</param>
/// <param name="UsesMean">Whether new rows begin as the mean of the old ones, so that new tokens are neither likely nor unlikely; otherwise they are drawn as fresh weights are.</param>
public sealed record EmbeddingRows(int Count, bool UsesMean = true);
