namespace Neoteny.Models.ChatTemplates.Masking;

/// <summary>Where a turn stands in the rendered conversation.</summary>
/// <param name="Start">First character that the speaker is to produce: behind the header.</param>
/// <param name="FromContent">Whether the start was taken from the content, so that a blank before it may belong to its first token.</param>
/// <param name="ContentEnd">One past the content where the end of the whole turn is not known; else null.</param>
/// <param name="TurnEnd">One past everything that the template writes for the turn, or null where only the content is known.</param>
internal readonly record struct TurnBounds(int Start, bool FromContent, int? ContentEnd, int? TurnEnd)
{
    public int End => TurnEnd ?? ContentEnd ?? Start;
}
