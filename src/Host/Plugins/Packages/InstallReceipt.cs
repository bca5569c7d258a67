using System.Text.Json;
using System.Text.Json.Serialization;

namespace Neoteny.Host.Plugins.Packages;

/// <summary>Where an installed plugin came from: a small file in its version folder.</summary>
/// <param name="Package">Id and version of the package.</param>
/// <param name="Source">The file, folder or address it came from.</param>
/// <param name="Sha512">Hash of the package file, in hexadecimal.</param>
internal sealed record InstallReceipt(string Package, string Source, string Sha512)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "installed-from.json";

    /// <summary>Writes it into a version folder.</summary>
    public void Write(string folder) => File.WriteAllText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, ReceiptJson.Default.InstallReceipt));

    /// <summary>Reads that of a version folder; null where there is none, or none that can be read.</summary>
    public static InstallReceipt? Read(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(Path.Combine(folder, FileName)), ReceiptJson.Default.InstallReceipt);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }
}

/// <summary>Reads and writes receipts without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(InstallReceipt))]
internal sealed partial class ReceiptJson : JsonSerializerContext;
