using System.Text;
using Neoteny.Models.Tokenizers.Unicode;

namespace Neoteny.Models.Tokenizers.PreTokenizers;

/// <summary>Splits where the script changes. Kana count as Han, spaces and unassigned characters go with what precedes them.</summary>
/// <remarks>As in the reference, those that nothing precedes are lost. Its table is of an older Unicode: characters assigned since then have no script there.</remarks>
internal sealed class ScriptPreTokenizer : IPreTokenizer
{
    private const int NoScript = -1;
    private const int ProlongedSoundMark = 0x30FC;

    private static readonly int Han = ScriptTable.Instance.Find("Han");
    private static readonly int[] Kana = [ScriptTable.Instance.Find("Hiragana"), ScriptTable.Instance.Find("Katakana")];

    public void Split(Piece piece, Action<Piece> next)
    {
        var (start, last) = (piece.Length, NoScript);
        for (var i = 0; i < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece.Span[i..], out var rune, out var used);
            var script = ScriptOf(rune.Value);
            if (script != NoScript && script != last)
            {
                if (start < i)
                    next(piece.Slice(start, i));
                start = i;
            }

            last = script == NoScript ? last : script;
            i += used;
        }

        if (start < piece.Length)
            next(piece.Slice(start, piece.Length));
    }

    private static int ScriptOf(int codePoint)
        => codePoint == ProlongedSoundMark ? Han
            : codePoint == ' ' ? NoScript
            : ScriptTable.Instance.Of(codePoint) is var script && Kana.Contains(script) ? Han : script;
}
