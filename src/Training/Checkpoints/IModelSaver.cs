namespace Neoteny.Training.Checkpoints;

/// <summary>Writes the model, or its adapter, in the format that other tools read.</summary>
public interface IModelSaver
{
    /// <summary>Writes weights, configuration and tokenizer.</summary>
    /// <param name="folder">An existing folder; the trainer makes it appear in place as a whole, so nothing need be atomic here.</param>
    void Save(string folder);
}
