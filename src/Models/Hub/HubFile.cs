using System.Text.RegularExpressions;

namespace Neoteny.Models.Hub;

/// <summary>A file of a repository as the hub describes it.</summary>
/// <param name="Path">Its path in the repository.</param>
/// <param name="ETag">What names its content: the SHA-256 of large files, the git hash of others.</param>
/// <param name="Size">Its bytes.</param>
internal sealed partial record HubFile(string Path, string ETag, long Size)
{
    /// <summary>The SHA-256 of the content in hexadecimal; null where the hub does not tell it.</summary>
    public string? Sha256 => ETag.Length == 64 && ETag.All(char.IsAsciiHexDigit) ? ETag.ToLowerInvariant() : null;

    /// <summary>Whether a text from the hub can be the name of a file here.</summary>
    public static bool IsPlainName(string text) => Name().IsMatch(text) && text is not ("." or "..");

    /// <summary>Whether a path from the hub stays in its folder.</summary>
    public static bool IsPlainPath(string path) => path.Length is > 0 and < 1024 && path.Split('/').All(part => part is not ("" or "." or "..") && part.AsSpan().IndexOfAny('\\', '\0') < 0);

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,200}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
