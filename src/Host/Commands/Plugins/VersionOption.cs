using System.CommandLine;
using Neoteny.Host.Plugins;
using NuGet.Versioning;

namespace Neoteny.Host.Commands;

/// <summary>The option that limits a command to some versions.</summary>
internal sealed class VersionOption : Option<string?>
{
    public VersionOption(string description)
        : base("--version") => Description = description;

    /// <summary>The versions that the command line accepts; null for any.</summary>
    /// <exception cref="InputException">The text is no version and no range.</exception>
    public VersionRange? Range(ParseResult result) => result.GetValue(this) is not { } text
        ? null
        : PluginReference.RangeOf(text) ?? throw new InputException($"--version: '{text}' is no version or range of versions, such as 1.2.0, 1.* or [1.0,2.0).");
}
