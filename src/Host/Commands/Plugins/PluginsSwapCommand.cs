using System.CommandLine;
using Neoteny.Host.Swap;
using Neoteny.Host.Swap.Control;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny plugins swap</c>.</summary>
internal static class PluginsSwapCommand
{
    public static Command Create()
    {
        var target = new Argument<string?>("what")
        {
            Description = "attention=<name>, loss=<name>, module:<name>, module:<name>=off, or a plugin: Id, Id@1.2.0. Without it the run says what computes in it.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var run = new Option<string>("--run") { Description = "The output_dir of the live run.", Required = true };
        var timeout = new Option<double>("--timeout") { Description = "Seconds to wait for the answer.", DefaultValueFactory = _ => 120 };
        var command = new Command("swap", "Exchanges attention, the loss or a plugin, or switches a module override on or off, in a run that is training, between two of its steps.") { target, run, timeout };
        command.SetAction(async (result, stop) =>
        {
            var (what, output) = (result.GetValue(target), result.InvocationConfiguration.Output);
            var seconds = result.GetValue(timeout);
            if (!(seconds is > 0 and < 1e6))
            {
                throw new InputException($"--timeout: {seconds} is no number of seconds.");
            }

            var request = what is null ? new ControlRequest(ControlRequest.Status) : new ControlRequest(ControlRequest.Swap, SwapTarget.Parse(what).Text);
            var reply = await ControlClient.AskAsync(result.GetRequiredValue(run), request, TimeSpan.FromSeconds(seconds), stop);
            if (reply.ExitCode != ExitCode.Success)
            {
                throw reply.ExitCode == ExitCode.Usage ? new InputException(reply.Message) : new NeotenyException(reply.Message);
            }

            output.WriteLine(reply.Message);
            if (what is null)
            {
                foreach (var plugin in reply.Status!.Plugins)
                {
                    output.WriteLine($"  {plugin.Id} {plugin.Version}: {string.Join(", ", plugin.InUse.DefaultIfEmpty("not in use"))}");
                }
            }

            return ExitCode.Success;
        });
        return command;
    }
}
