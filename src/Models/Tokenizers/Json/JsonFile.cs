using System.Text.Json;

namespace Neoteny.Models.Tokenizers.Json;

/// <summary>Opens a JSON file of a tokenizer folder; what is wrong with it becomes one error that names the place.</summary>
internal static class JsonFile
{
    /// <summary>The largest published tokenizers stay below 40 MB.</summary>
    private const long LargestFile = 512L << 20;

    /// <summary>Reads <paramref name="path"/> and hands its root to <paramref name="read"/>.</summary>
    public static T Read<T>(string path, Func<JsonValue, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(Bytes(path), new JsonDocumentOptions { AllowDuplicateProperties = true });
            return read(new JsonValue(document.RootElement, new JsonPlace(path)));
        }
        catch (JsonException error)
        {
            throw new InputException(
                $"{path}, line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}: this is not valid JSON. " +
                "Fetch the file again: it may be cut off.", error);
        }
        catch (InvalidOperationException error)
        {
            throw new InputException($"{path}: a text in it is not valid Unicode. Fetch the file again.", error);
        }
    }

    private static ReadOnlyMemory<byte> Bytes(string path)
    {
        try
        {
            var length = new FileInfo(path).Length;
            if (length > LargestFile)
                throw new InputException($"{path}: {length} bytes are more than a tokenizer file can have ({LargestFile}).");
            var bytes = File.ReadAllBytes(path);
            return bytes is [0xEF, 0xBB, 0xBF, ..] ? bytes.AsMemory(3) : bytes;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({error.Message}).", error);
        }
    }
}
