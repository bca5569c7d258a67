using System.Text.Json;
using System.Text.Json.Nodes;
using Neoteny.Models.Adapters;
using Neoteny.Models.Hub;

namespace Neoteny.Host.Runs;

/// <summary>What the folder of a saved adapter says about itself.</summary>
internal static class SavedAdapter
{
    /// <summary>Whether a folder holds a whole adapter. A configuration alone may be left over from an earlier run.</summary>
    public static bool IsIn(string folder) => AdapterFolder.Holds(folder) && File.Exists(Path.Combine(folder, AdapterFolder.WeightsFile));

    /// <summary>The kind of adapter, as configurations name it: PEFT's <c>peft_type</c> in lower case.</summary>
    /// <exception cref="InputException">The file does not say.</exception>
    public static string KindOf(string folder) => Text(folder, "peft_type").ToLowerInvariant();

    /// <summary>The base model that it was trained on: a folder, or an id of the hub.</summary>
    /// <exception cref="InputException">The file does not say, or it is neither.</exception>
    public static string BaseModelOf(string folder)
    {
        var named = Text(folder, "base_model_name_or_path");
        string[] places = [Path.GetFullPath(named), Path.GetFullPath(named, Path.GetFullPath(folder))];
        return places.FirstOrDefault(Directory.Exists) ?? Repository(folder, named) ?? throw new InputException(
            $"{Path.Combine(folder, AdapterFolder.ConfigurationFile)} names the base model '{named}', and there is no such folder. "
            + "Name the base model's folder and give the adapter with --adapter.");
    }

    private static string? Repository(string folder, string named)
        => HubPlaces.Find(HubKind.Model, named, OptionalText(folder, "revision")) is { } repository ? repository.ToString() : null;

    private static string Text(string folder, string key)
        => OptionalText(folder, key) ?? throw new InputException(
            $"{Path.Combine(folder, AdapterFolder.ConfigurationFile)} has no '{key}'. Name the base model's folder and an adapter that PEFT or neoteny wrote.");

    private static string? OptionalText(string folder, string key)
    {
        var path = Path.Combine(folder, AdapterFolder.ConfigurationFile);
        try
        {
            return (string?)JsonNode.Parse(File.ReadAllText(path))?[key];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path} is not an adapter's configuration: {e.Message} Check the adapter's folder.", e);
        }
    }
}
