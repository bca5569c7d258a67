using System.Text;

namespace Neoteny.ExampleData.Text;

/// <summary>Cuts passages into documents of bounded length, between paragraphs where it can and between sentences where it must.</summary>
internal static class Chunker
{
    /// <summary>Joins cleaned paragraphs into documents of at most <paramref name="maxCharacters"/>; a longer sentence is left out.</summary>
    public static IEnumerable<string> Cut(IEnumerable<string> paragraphs, int maxCharacters)
    {
        var document = new StringBuilder();
        foreach (var paragraph in paragraphs)
        {
            var separator = "\n";
            foreach (var piece in paragraph.Length <= maxCharacters ? [paragraph] : TextCleaner.Sentences(paragraph))
            {
                if (piece.Length > maxCharacters)
                    continue;
                if (document.Length > 0 && document.Length + 1 + piece.Length > maxCharacters)
                {
                    yield return document.ToString();
                    document.Clear();
                }
                if (document.Length > 0)
                    document.Append(separator);
                document.Append(piece);
                separator = " ";
            }
        }
        if (document.Length > 0)
            yield return document.ToString();
    }
}
