using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Neoteny.Host.Runs;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny chat</c>.</summary>
internal static class ChatCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var model = new ModelArguments();
        var sampling = new SamplingArguments();
        var command = new Command("chat", "Holds a conversation. Lines that are piped in are answered one by one.");
        model.AddTo(command);
        sampling.AddTo(command);
        command.SetAction(async (result, _) =>
        {
            var reference = ModelReference.Open(result.GetRequiredValue(model.Model), result.GetValue(model.Adapter));
            using var signals = new ChatSignals();
            return await ApplicationHost.RunAsync(
                () => reference.File,
                ConsoleLog.Create(result.GetValue(globals.Verbose), quiet: true),
                result.GetValue(globals.PluginFolders)!,
                (run, services, _) =>
                {
                    var log = services.GetRequiredService<ILoggerFactory>().CreateLogger("chat");
                    using var session = TextSession.Open(reference, run, o => sampling.Apply(result, o), log);
                    new ChatRun(session, signals, new ChatConsole(Console.In, result.InvocationConfiguration.Output, !Console.IsInputRedirected)).Execute();
                    return Task.FromResult(ExitCode.Success);
                },
                signals);
        });
        return command;
    }
}
