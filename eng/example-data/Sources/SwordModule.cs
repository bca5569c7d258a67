using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Sources;

/// <summary>
/// Reads a SWORD module compressed by book: <c>.bzs</c> holds an entry of three little-endian integers a book (offset, compressed size, size),
/// <c>.bzz</c> the books as zlib streams of OSIS XML.
/// </summary>
internal static partial class SwordModule
{
    private const int IndexEntry = 12;

    /// <summary>The chapters of both testaments, without titles, notes, tables and verse references.</summary>
    public static IEnumerable<Passage> Chapters(string folder) =>
        from testament in new[] { "ot", "nt" }
        from book in Books(Path.Combine(folder, testament))
        from chapter in ChapterStart().Split(book).Skip(1).Chunk(2)
        select new Passage(chapter[0], Paragraphs(chapter[1]));

    private static IEnumerable<string> Books(string path)
    {
        var index = File.ReadAllBytes(path + ".bzs");
        var books = File.ReadAllBytes(path + ".bzz");
        for (var at = 0; at < index.Length; at += IndexEntry)
        {
            var offset = BinaryPrimitives.ReadInt32LittleEndian(index.AsSpan(at));
            var size = BinaryPrimitives.ReadInt32LittleEndian(index.AsSpan(at + 4));
            using var zlib = new ZLibStream(new MemoryStream(books, offset, size), CompressionMode.Decompress);
            using var reader = new StreamReader(zlib, Encoding.UTF8);
            yield return reader.ReadToEnd();
        }
    }

    private static string[] Paragraphs(string osis)
    {
        var text = Apparatus().Replace(osis, " ");
        text = VerseReference().Replace(text, " ");
        text = ParagraphStart().Replace(text, "\n");
        text = WebUtility.HtmlDecode(Tag().Replace(text, ""));
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(line => line.Length > 40)];
    }

    [GeneratedRegex("<chapter [^>]*sID=\"([^\"]+)\"[^>]*/?>")]
    private static partial Regex ChapterStart();

    [GeneratedRegex("<(note|title|table|hi)\\b[^>]*>.*?</\\1>", RegexOptions.Singleline)]
    private static partial Regex Apparatus();

    [GeneratedRegex(@"\((?:\d )?(?:[A-Z][a-z]+\.? )?\d+(?:[:,-] ?\d+)*\)")]
    private static partial Regex VerseReference();

    [GeneratedRegex("<div [^>]*type=\"x-p\"[^>]*/>")]
    private static partial Regex ParagraphStart();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();
}
