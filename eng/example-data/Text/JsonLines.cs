using System.Text.Encodings.Web;
using System.Text.Json;

namespace Neoteny.ExampleData.Text;

/// <summary>Writes JSON Lines: one object a line, UTF-8 without escapes for readable characters, line feeds.</summary>
internal static class JsonLines
{
    private static readonly JsonSerializerOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>Writes the rows to the file and returns how many there were.</summary>
    public static int Write<T>(string path, IEnumerable<T> rows)
    {
        var count = 0;
        using var file = new StreamWriter(path) { NewLine = "\n" };
        foreach (var row in rows)
        {
            file.WriteLine(JsonSerializer.Serialize(row, Options));
            count++;
        }
        return count;
    }

    /// <summary>Reads the rows of a file.</summary>
    public static IEnumerable<T> Read<T>(string path) => File.ReadLines(path).Select(line => JsonSerializer.Deserialize<T>(line, Options)!);
}
