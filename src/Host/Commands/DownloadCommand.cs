using System.CommandLine;
using Neoteny.Host.Runs;
using Neoteny.Models.Hub;

namespace Neoteny.Host.Commands;

/// <summary><c>neoteny download</c>.</summary>
internal static class DownloadCommand
{
    public static Command Create()
    {
        var id = new Argument<string>("id") { Description = "The id on the hub: org/name, or org/name@revision." };
        var revision = new Option<string?>("--revision") { Description = "A branch, a tag or a commit; by default main." };
        var command = new Command("download", "Downloads a model from the hub into the cache that the Python tools share, and prints its folder.") { id, revision };
        command.SetAction((result, stop) =>
        {
            var text = result.GetRequiredValue(id);
            var repository = HubRepository.Parse(HubKind.Model, text, result.GetValue(revision))
                ?? throw new InputException($"'{text}' is no id of the hub. Write org/name, or org/name@revision.");
            var places = HubPlaces.OnConsole(stop);
            result.InvocationConfiguration.Output.WriteLine(places.Download("", Path.GetFullPath(text), repository, HubSelection.Model));
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
