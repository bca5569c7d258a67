namespace Neoteny.ExampleData.Text;

/// <summary>A piece of a source that belongs together: a chapter, a speech, the profile of a country.</summary>
/// <param name="Unit">A name that is unique within the source; it decides, by its hash, whether the passage is held out.</param>
/// <param name="Paragraphs">The paragraphs in order, not cleaned yet.</param>
internal sealed record Passage(string Unit, IReadOnlyList<string> Paragraphs)
{
    /// <summary>True for about one passage in a hundred; the same ones on every run and machine.</summary>
    public bool IsHeldOut => StableHash.Of(Unit) % 100 == 0;
}
