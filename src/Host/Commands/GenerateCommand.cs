using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Neoteny.Host.Runs;
using Neoteny.Models.ChatTemplates;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny generate</c>.</summary>
internal static class GenerateCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var model = new ModelArguments();
        var sampling = new SamplingArguments();
        var prompt = new Option<string>("--prompt") { Description = "The text to continue, or with --chat the message to answer.", Required = true };
        var chat = new Option<bool>("--chat") { Description = "Put the prompt into the model's chat template." };
        var command = new Command("generate", "Continues a text, or answers one message.") { prompt, chat };
        model.AddTo(command);
        sampling.AddTo(command);
        command.SetAction((result, _) =>
        {
            var reference = ModelReference.Open(result.GetRequiredValue(model.Model), result.GetValue(model.Adapter));
            return ApplicationHost.RunAsync(
                () => reference.File,
                ConsoleLog.Create(result.GetValue(globals.Verbose), quiet: true),
                result.GetValue(globals.PluginFolders)!,
                (run, services, stop) =>
                {
                    var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("generate");
                    using var session = TextSession.Open(reference, run, o => sampling.Apply(result, o), log);
                    var text = result.GetRequiredValue(prompt);
                    var output = result.InvocationConfiguration.Output;
                    foreach (var piece in result.GetValue(chat) ? session.Answer([new ChatMessage("user", text)], stop) : session.Continue(text, stop))
                    {
                        output.Write(piece);
                        output.Flush();
                    }

                    output.WriteLine();
                    return Task.FromResult(ExitCode.Success);
                });
        });
        return command;
    }
}
