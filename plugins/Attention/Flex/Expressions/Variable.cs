namespace Neoteny.Plugins.Flex.Expressions;

/// <summary>What a program may ask of a pair of a query and a key.</summary>
internal enum Variable
{
    /// <summary>The score so far.</summary>
    Score,

    /// <summary>The number of the document in the row.</summary>
    Document,

    /// <summary>The query head.</summary>
    Head,

    /// <summary>The position of the query in its document.</summary>
    Query,

    /// <summary>The position of the key in its document.</summary>
    Key,

    /// <summary>The keys of the document.</summary>
    Length,
}
