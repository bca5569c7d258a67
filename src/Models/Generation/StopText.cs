using System.Text;

namespace Neoteny.Models.Generation;

/// <summary>Looks for stop strings in text that arrives in pieces, and holds back what may yet become one.</summary>
internal sealed class StopText(IReadOnlyList<string> stops)
{
    private readonly StringBuilder pending = new();

    /// <summary>Whether a stop string was found; nothing is given out after it.</summary>
    public bool IsFound { get; private set; }

    /// <summary>Takes a piece and returns what is certain to be no part of a stop string.</summary>
    /// <param name="piece">The next piece.</param>
    /// <param name="isLast">Whether nothing follows.</param>
    public string Add(string piece, bool isLast)
    {
        if (IsFound)
        {
            return "";
        }

        pending.Append(piece);
        var text = pending.ToString();
        var at = FirstStop(text);
        IsFound = at >= 0;
        var certain = IsFound ? at : isLast ? text.Length : text.Length - Held(text);
        pending.Remove(0, certain);
        return text[..certain];
    }

    // Of several, the one that is complete first counts: so the result does not depend on how the text is cut into pieces.
    private int FirstStop(string text)
        => stops.Select(s => (Start: text.IndexOf(s, StringComparison.Ordinal), s.Length)).Where(f => f.Start >= 0)
            .OrderBy(f => f.Start + f.Length).ThenBy(f => f.Start).Select(f => f.Start).DefaultIfEmpty(-1).First();

    /// <summary>How long the longest end of the text is that begins a stop string.</summary>
    private int Held(string text)
    {
        for (var length = Math.Min(text.Length, stops.Select(s => s.Length - 1).DefaultIfEmpty(0).Max()); length > 0; length--)
        {
            if (stops.Any(s => s.Length > length && text.AsSpan(text.Length - length).SequenceEqual(s.AsSpan(0, length))))
            {
                return length;
            }
        }

        return 0;
    }
}
