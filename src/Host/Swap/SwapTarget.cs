using Neoteny.Host.Plugins;
using NuGet.Versioning;

namespace Neoteny.Host.Swap;

/// <summary>What somebody wants to be exchanged in a live run, as written: <c>attention=eager</c>, <c>module:rms_norm</c>, <c>module:rms_norm=off</c>, <c>Sdpa@1.1.0</c>.</summary>
/// <param name="Text">As written.</param>
internal abstract record SwapTarget(string Text)
{
    private const string Off = "off";

    private static readonly string[] Chosen = ["attention", "loss"];

    /// <summary>Reads a target.</summary>
    /// <exception cref="InputException">It makes no sense.</exception>
    public static SwapTarget Parse(string text)
    {
        var trimmed = text.Trim();
        if (trimmed.Split(':', 2) is ["module", { Length: > 0 } module])
        {
            return module.Split('=', 2) switch
            {
                [{ Length: > 0 } only] => new NameTarget(trimmed, "module", only),
                [{ Length: > 0 } going, Off] => new NameTarget(trimmed, "module", going) { Leaves = true },
                _ => throw new InputException($"'{text}': a module override comes in with module:<name> and goes out with module:<name>=off."),
            };
        }

        if (trimmed.Split('=', 2) is [var point, var name])
        {
            return Chosen.Contains(point) && name.Length > 0
                ? new NameTarget(trimmed, point, name)
                : throw new InputException($"'{text}': only attention and loss are chosen by name while a run is live, as in attention=eager; write module:<name> or module:<name>=off for a module override, "
                    + "Id or Id@version for a plugin. Everything else is fixed when a run starts: change the configuration and go on from a checkpoint.");
        }

        var parts = trimmed.Split('@', 2);
        if (parts[0].Length == 0 || parts[0].Contains(':'))
        {
            throw new InputException($"'{text}' names nothing to swap. Write attention=<name>, loss=<name>, module:<name>, module:<name>=off, Id or Id@version.");
        }

        return parts.Length == 1 ? new PluginTarget(trimmed, trimmed, null)
            : PluginReference.RangeOf(parts[1]) is { } range ? new PluginTarget(trimmed, parts[0], range)
            : throw new InputException($"'{parts[1]}' is no version or range of versions, such as 1.2.0, 1.* or [1.0,2.0).");
    }
}

/// <summary>An implementation by name: of attention or loss the one to use from now on, of module the one to switch on, to renew or to switch off.</summary>
/// <param name="Text">As written.</param>
/// <param name="Point">attention, loss or module.</param>
/// <param name="Name">The name that a plugin provides.</param>
internal sealed record NameTarget(string Text, string Point, string Name) : SwapTarget(Text)
{
    /// <summary>Whether the module is to take no part any more.</summary>
    public bool Leaves { get; init; }
}

/// <summary>Another version of a plugin.</summary>
/// <param name="Text">As written.</param>
/// <param name="Id">The plugin.</param>
/// <param name="Range">The versions meant; null for the highest that the configuration accepts.</param>
internal sealed record PluginTarget(string Text, string Id, VersionRange? Range) : SwapTarget(Text);

/// <summary>A version that appeared in a folder.</summary>
/// <param name="Path">The folder.</param>
internal sealed record FolderTarget(string Path) : SwapTarget(Path);
