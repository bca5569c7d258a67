namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>The grain of skipping.</summary>
/// <param name="Queries">Queries of a tile.</param>
/// <param name="Keys">Keys of a block.</param>
internal readonly record struct BlockSize(int Queries, int Keys);
