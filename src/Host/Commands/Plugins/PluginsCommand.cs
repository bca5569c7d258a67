using System.CommandLine;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny plugins</c>: one file a subcommand, and one line here.</summary>
internal static class PluginsCommand
{
    public static Command Create(GlobalOptions globals) => new("plugins", "Shows, installs, removes, tests and swaps plugins.")
    {
        PluginsListCommand.Create(globals),
        PluginsInfoCommand.Create(globals),
        PluginsInstallCommand.Create(globals),
        PluginsRemoveCommand.Create(globals),
        PluginsTestCommand.Create(globals),
        PluginsTestCommand.CreateCompile(),
        PluginsSwapCommand.Create(),
    };
}
