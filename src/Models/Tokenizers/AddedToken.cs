using Neoteny.Models.Tokenizers.Json;

namespace Neoteny.Models.Tokenizers;

/// <summary>A token that is found in the text as a whole, before the model sees the rest.</summary>
internal sealed record AddedToken(int Id, string Content)
{
    /// <summary>Matches only between characters that are not part of a word.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Takes the white space before it along.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>Takes the white space behind it along.</summary>
    public bool RightStrip { get; init; }

    /// <summary>Looks for its normalized content in the normalized text.</summary>
    public bool Normalized { get; init; }

    /// <summary>Left out when special tokens are skipped in decoding.</summary>
    public bool Special { get; init; }

    public static AddedToken Read(JsonValue value, int id, bool normalizedOtherwise)
    {
        var content = value.Get("content");
        return new AddedToken(id, content.Text() is { Length: > 0 } text ? text : throw content.Fail("an added token must not be empty."))
        {
            SingleWord = value.Flag("single_word", false),
            LeftStrip = value.Flag("lstrip", false),
            RightStrip = value.Flag("rstrip", false),
            Normalized = value.Flag("normalized", normalizedOtherwise),
            Special = value.Flag("special", false),
        };
    }
}
