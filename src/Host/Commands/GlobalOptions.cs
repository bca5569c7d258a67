using System.CommandLine;

namespace Neoteny.Host.Commands;

/// <summary>The options that every command takes.</summary>
internal sealed class GlobalOptions
{
    public Option<bool> Verbose { get; } = new("--verbose", "-v") { Description = "Log in detail, and print stack traces.", Recursive = true };

    public Option<string[]> PluginFolders { get; } = new("--plugin-dir")
    {
        Description = "A further folder with plugins, laid out as Id/Version/. May be given several times.",
        Recursive = true,
        DefaultValueFactory = _ => [],
    };

    /// <summary>Adds them to the root.</summary>
    public void AddTo(RootCommand root)
    {
        root.Add(Verbose);
        root.Add(PluginFolders);
    }
}
