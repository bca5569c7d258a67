using Neoteny.Models.Checkpoints;
using Neoteny.Training.Optimizers;
using Neoteny.Training.Options;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Training.Checkpoints;

/// <summary>Writes checkpoints and reads them back.</summary>
/// <param name="options">Where they go, how many stay, and where to go on from.</param>
/// <param name="model">Writes the model; null leaves it out, and the checkpoint can be resumed from all the same.</param>
/// <param name="optimizer">The state to save; holds the trained weights too.</param>
public sealed class CheckpointStore(SavingOptions options, IModelSaver? model, AdamW optimizer)
{
    /// <summary>The name of the optimizer's file in a checkpoint.</summary>
    public static readonly string OptimizerFile = "optimizer.safetensors";

    private readonly CheckpointFolders folders = new(options.Folder);

    /// <summary>Makes the output folder and checks that it can be written.</summary>
    /// <exception cref="InputException">It cannot.</exception>
    public void Prepare()
    {
        try
        {
            Directory.CreateDirectory(options.Folder);
            var probe = Path.Combine(options.Folder, $".write-test-{Environment.ProcessId}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
            folders.RemoveLeftovers();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"output_dir {options.Folder} cannot be written: {e.Message} Choose another folder, or change its permissions.", e);
        }
    }

    /// <summary>Writes a checkpoint, and deletes the oldest ones beyond the limit once it is complete.</summary>
    /// <returns>Its folder.</returns>
    /// <exception cref="NeotenyException">The disk is full or failed; earlier checkpoints are intact.</exception>
    public string Save(TrainerState state)
    {
        var folder = folders.At(state.Step);
        try
        {
            AtomicDirectory.Write(folder, partial =>
            {
                model?.Save(partial);
                if (!options.OnlyModel)
                {
                    WriteOptimizer(Path.Combine(partial, OptimizerFile));
                    state.Write(partial);
                }
            });
        }
        catch (NeotenyException e)
        {
            throw new NeotenyException($"The checkpoint after step {state.Step} could not be saved. {e.Message} {Survivor()}", e);
        }

        folders.Prune(options.Limit, folder);
        return folder;
    }

    /// <summary>Loads the checkpoint that the options ask for into the optimizer and its parameters.</summary>
    /// <returns>Its state; null for a run from the start.</returns>
    /// <exception cref="InputException">The checkpoint is missing, incomplete, or of another model.</exception>
    public TrainerState? Resume()
    {
        if (Find() is not { } folder)
            return null;

        var state = TrainerState.Read(folder);
        using var file = SafetensorsFile.Open(Path.Combine(folder, OptimizerFile));
        optimizer.Load(name => file.Contains(name) ? file.Read(name) : null, state.OptimizerSteps);
        return state;
    }

    /// <summary>Writes the final model into the output folder itself, beside the checkpoints.</summary>
    /// <exception cref="NeotenyException">The disk is full or failed; checkpoints are intact.</exception>
    public void SaveFinal()
    {
        if (model is null)
            return;
        try
        {
            FinalModel.Write(options.Folder, model);
        }
        catch (NeotenyException e)
        {
            throw new NeotenyException($"The trained model could not be saved. {e.Message} {Survivor()}", e);
        }
    }

    private string? Find()
    {
        if (options.ResumeFrom is { } named && !(bool.TryParse(named, out var latest) && !latest))
        {
            if (!bool.TryParse(named, out _))
                return Existing(named);
            return folders.Latest() ?? throw new InputException($"resume_from_checkpoint is true, but {options.Folder} holds no checkpoint to go on from. "
                + "Name one, or remove the key to start from the beginning.");
        }

        return options.AutoResume ? folders.Latest() : null;
    }

    private string Existing(string folder)
    {
        if (CheckpointFolders.IsResumable(folder))
            return folder;

        var why = Directory.Exists(folder) ? "holds no trainer_state.json (was it saved with save_only_model?)" : "does not exist";
        var others = folders.All().Where(CheckpointFolders.IsResumable).Select(Path.GetFileName).ToList();
        throw new InputException($"resume_from_checkpoint: {folder} {why}. "
            + (others.Count > 0 ? $"{options.Folder} holds {string.Join(", ", others)}." : "Remove the key to start from the beginning."));
    }

    private void WriteOptimizer(string path) => SafetensorsWriter.Write(path, optimizer.State.Select(s => new TensorSource(s.Name, s.DType, s.Shape, s.Get)));

    private string Survivor() => folders.Latest() is { } survivor
        ? $"{survivor} is intact; go on from it with 'resume_from_checkpoint: true'."
        : "There is no earlier checkpoint.";
}
