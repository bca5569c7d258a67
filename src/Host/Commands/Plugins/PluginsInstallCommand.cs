using System.CommandLine;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;
using Neoteny.Host.Plugins.Packages;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny plugins install</c>.</summary>
internal static class PluginsInstallCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var package = new Argument<string>("package") { Description = "A package file (.nupkg), or the id of a package." };
        var sources = new Option<string[]>("--source")
        {
            Description = "A folder with packages, or the address of a NuGet server. May be given several times; by default those of NuGet.Config.",
            DefaultValueFactory = _ => [],
        };
        var version = new VersionOption("The version, or a range: 1.2.0, 1.*, [1.0,2.0). By default the highest.");
        var command = new Command("install", "Installs a plugin from a NuGet package, beside the versions that are there.") { package, sources, version };
        command.SetAction(async (result, stop) =>
        {
            var folder = PluginFolders.Target(result.GetValue(globals.PluginFolders)!);
            var setup = HostSetup.Create([]);
            var installer = new PluginInstaller(setup, new PluginStore(folder));
            var done = await installer.InstallAsync(result.GetRequiredValue(package), result.GetValue(sources)!, version.Range(result), stop);
            Report(done, setup with { PluginFolders = [folder, .. setup.PluginFolders] }, result.InvocationConfiguration.Output);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Report(Installation done, HostSetup setup, TextWriter output)
    {
        var plugin = done.Plugin;
        output.WriteLine(done.WasThere ? $"{plugin} is installed already, with the same files, in {plugin.Path}" : $"Installed {plugin} in {plugin.Path}");
        if (PluginTable.Provided(plugin.Manifest) is { Length: > 0 } provided)
        {
            output.WriteLine($"It provides {provided}.");
        }

        var highest = setup.Discover().OfId(plugin.Id).FirstOrDefault(p => p.IsUsable);
        output.WriteLine(highest is null || highest.Version == plugin.Version
            ? $"Use it with plugins: [{plugin.Id}] in a configuration."
            : $"{highest} is installed too, and used unless a configuration says plugins: ['{plugin.Id}@{plugin.Version}'].");
    }
}
