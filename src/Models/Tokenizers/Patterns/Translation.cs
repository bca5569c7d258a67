using System.Text;

namespace Neoteny.Models.Tokenizers.Patterns;

/// <summary>A pattern on its way to this runtime.</summary>
internal sealed class Translation
{
    public StringBuilder Output { get; init; } = new();

    /// <summary>The scripts that the pattern names; they say what may stand for characters beyond U+FFFF.</summary>
    public HashSet<int> Scripts { get; init; } = [];

    /// <summary>A text of its own that shares the scripts.</summary>
    public Translation Part() => new() { Scripts = Scripts };
}
