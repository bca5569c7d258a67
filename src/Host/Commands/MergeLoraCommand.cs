using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Neoteny.Host.Runs;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny merge-lora</c>.</summary>
internal static class MergeLoraCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var model = new ModelArguments();
        var output = new Option<string?>("--output") { Description = "The folder to write; by default 'merged' below the adapter's." };
        var command = new Command("merge-lora", "Adds an adapter to its base model and writes the result as a model folder.") { output };
        model.AddTo(command);
        command.SetAction((result, _) =>
        {
            var reference = ModelReference.Open(result.GetRequiredValue(model.Model), result.GetValue(model.Adapter));
            return ApplicationHost.RunAsync(
                () => reference.File,
                ConsoleLog.Create(result.GetValue(globals.Verbose), quiet: true),
                result.GetValue(globals.PluginFolders)!,
                (run, services, _) =>
                {
                    var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("merge-lora");
                    var folder = MergeLoraRun.Execute(reference, run, result.GetValue(output), log);
                    result.InvocationConfiguration.Output.WriteLine($"The merged model is in {folder}");
                    return Task.FromResult(ExitCode.Success);
                });
        });
        return command;
    }
}
