using System.CommandLine;
using System.CommandLine.Help;

namespace Neoteny.Host.Commands;

/// <summary>Everything that <c>neoteny</c> can do: a new command is one file, and one line here.</summary>
internal static class CommandTree
{
    public static RootCommand Create(GlobalOptions globals)
    {
        var root = new RootCommand("Fine-tunes language models as a YAML file says. Every optimisation in it is a plugin.")
        {
            TrainCommand.Create(globals),
            PlanCommand.Create(globals),
            ChatCommand.Create(globals),
            GenerateCommand.Create(globals),
            MergeLoraCommand.Create(globals),
            DownloadCommand.Create(),
            ConfigCommand.Create(globals),
            PluginsCommand.Create(globals),
            DoctorCommand.Create(globals),
            TokenizerCommand.Create(),
        };
        globals.AddTo(root);
        root.SetAction(result => new HelpAction().Invoke(result));
        return root;
    }
}
