namespace Neoteny.Models.Tokenizers;

/// <summary>A range of a text in UTF-16 units.</summary>
/// <param name="Start">First unit.</param>
/// <param name="End">One past the last unit; equal to <paramref name="Start"/> for what was inserted.</param>
public readonly record struct TextSpan(int Start, int End)
{
    /// <summary>How many units the range covers.</summary>
    public int Length => End - Start;
}
