using System.CommandLine;

namespace Neoteny.Host.Commands;

/// <summary>How a command line names a model.</summary>
internal sealed class ModelArguments
{
    public Argument<string> Model { get; } = new("model")
    {
        Description = "A Hugging Face model folder, the folder of a trained adapter, or the YAML file of a training run.",
    };

    public Option<string?> Adapter { get; } = new("--adapter") { Description = "The folder of an adapter to put on the model." };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(Model);
        command.Add(Adapter);
    }
}
