namespace Neoteny.Plugins.Flex;

/// <summary>What a score modification sees of one pair of a query and a key.</summary>
/// <param name="Score">The scaled score, as earlier modifications left it.</param>
/// <param name="Document">The number of the document in the row, from 0.</param>
/// <param name="Head">The query head, from 0.</param>
/// <param name="Query">The position of the query in its document, from 0; keys from a cache count.</param>
/// <param name="Key">The position of the key in its document, from 0.</param>
/// <param name="Length">The keys of the document.</param>
public readonly record struct ScoreContext(float Score, int Document, int Head, int Query, int Key, int Length);
