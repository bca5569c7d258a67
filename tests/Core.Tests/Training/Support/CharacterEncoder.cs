using Neoteny.Training.Data;

namespace Neoteny.Core.Tests.Training.Support;

/// <summary>A tokenizer whose ids are the characters themselves; 1 begins a text, 2 ends one.</summary>
internal sealed class CharacterEncoder : ITextEncoder
{
    public int? EndId { get; init; } = 2;

    public int[] Encode(string text, bool addSpecialTokens) => addSpecialTokens ? [1, .. text.Select(c => (int)c)] : [.. text.Select(c => (int)c)];

    /// <summary>The text of ids; the begin and end tokens are written ^ and $.</summary>
    public static string Text(IEnumerable<int> ids) => string.Concat(ids.Select(i => i switch { 1 => '^', 2 => '$', -100 => '·', _ => (char)i }));
}
