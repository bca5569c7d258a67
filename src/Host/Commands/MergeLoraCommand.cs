using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Neoteny.Host.Runs;
using Neoteny.Models.Checkpoints;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny merge-lora</c>.</summary>
internal static class MergeLoraCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var model = new ModelArguments();
        var output = new Option<string?>("--output") { Description = "The folder to write; by default 'merged' below the adapter's." };
        var shardSize = new Option<string?>("--max-shard-size") { Description = "Split the weights into files of at most this size: 5GB (the default), 500MB, 2GiB." };
        var command = new Command("merge-lora", "Adds an adapter to its base model and writes the result as a model folder.") { output, shardSize };
        model.AddTo(command);
        command.SetAction((result, _) =>
        {
            var size = result.GetValue(shardSize) is { } text
                ? ByteSize.Parse(text) ?? throw new InputException($"--max-shard-size: '{text}' is no size. Write for instance 5GB, 500MB or 2GiB.")
                : (long?)null;
            var reference = ModelReference.Open(result.GetRequiredValue(model.Model), result.GetValue(model.Adapter));
            return ApplicationHost.RunAsync(
                () => reference.File,
                ConsoleLog.Create(result.GetValue(globals.Verbose), quiet: true),
                result.GetValue(globals.PluginFolders)!,
                (run, services, _) =>
                {
                    var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("merge-lora");
                    var folder = MergeLoraRun.Execute(reference, run, result.GetValue(output), size, log);
                    result.InvocationConfiguration.Output.WriteLine($"The merged model is in {folder}");
                    return Task.FromResult(ExitCode.Success);
                });
        });
        return command;
    }
}
