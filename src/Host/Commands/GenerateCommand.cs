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
        var prompts = new PromptArguments();
        var chat = new Option<bool>("--chat") { Description = "Put the prompt into the model's chat template." };
        var command = new Command("generate", "Continues texts, or answers messages.") { chat };
        prompts.AddTo(command);
        model.AddTo(command);
        sampling.AddTo(command);
        command.SetAction((result, _) =>
        {
            var texts = prompts.Read(result);
            var reference = ModelReference.Open(result.GetRequiredValue(model.Model), result.GetValue(model.Adapter));
            return ApplicationHost.RunAsync(
                () => reference.File,
                ConsoleLog.Create(result.GetValue(globals.Verbose), quiet: true),
                result.GetValue(globals.PluginFolders)!,
                (run, services, stop) =>
                {
                    var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("generate");
                    using var session = TextSession.Open(reference, run, o => sampling.Apply(result, o), log);
                    var output = result.InvocationConfiguration.Output;
                    if (prompts.WritesJson(result, texts))
                    {
                        foreach (var batch in texts.Chunk(result.GetValue(prompts.BatchSize)))
                        {
                            foreach (var (text, answer) in batch.Zip(session.WriteAll(batch, result.GetValue(chat), stop)))
                            {
                                output.WriteLine(PromptArguments.Line(text, answer));
                            }

                            output.Flush();
                        }

                        return Task.FromResult(ExitCode.Success);
                    }

                    foreach (var piece in result.GetValue(chat) ? session.Answer([new ChatMessage("user", texts[0])], stop) : session.Continue(texts[0], stop))
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
