using System.Text.Json;
using System.Text.Json.Serialization;
using Neoteny.Training.Packing;

namespace Neoteny.Training.Checkpoints;

/// <summary>What a resumed run needs besides tensors: <c>trainer_state.json</c>.</summary>
/// <remarks>Random numbers are functions of seed, step and micro-batch, so the seed and the step are the whole state of them.</remarks>
public sealed record TrainerState
{
    /// <summary>The name of the file.</summary>
    public static readonly string FileName = "trainer_state.json";

    /// <summary>The layout that this version writes.</summary>
    public static readonly int CurrentVersion = 1;

    /// <summary>The layout.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Steps done.</summary>
    public required int Step { get; init; }

    /// <summary>Where the next step starts in the data.</summary>
    public required DataPosition Position { get; init; }

    /// <summary>Epochs passed, for readers.</summary>
    public required double Epoch { get; init; }

    /// <summary>Steps that the optimizer has made.</summary>
    public required long OptimizerSteps { get; init; }

    /// <summary>Seed of the data order and of the random keys.</summary>
    public required long Seed { get; init; }

    /// <summary>All steps that the run had planned.</summary>
    public required int TotalSteps { get; init; }

    /// <summary>Threads that libtorch computed with: another number changes the order of sums.</summary>
    public required int Threads { get; init; }

    /// <summary>A hash of the tokenized training data and of how it is put together.</summary>
    public required string Data { get; init; }

    /// <summary>Trained tokens so far.</summary>
    public required long TrainedTokens { get; init; }

    /// <summary>What computed, by its part in the run; empty where nobody said.</summary>
    public IReadOnlyDictionary<string, string> Implementations { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads the state of a checkpoint.</summary>
    /// <exception cref="InputException">The file is missing or malformed, or its layout is newer.</exception>
    public static TrainerState Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            var state = JsonSerializer.Deserialize(File.ReadAllBytes(path), TrainerStateJson.Default.TrainerState)!;
            return state.Version <= CurrentVersion ? state : throw new InputException(
                $"{path} has the layout {state.Version}, newer than this version's {CurrentVersion}. Resume with the version that wrote it.");
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            throw new InputException($"{path} cannot be read: {e.Message} Resume from another checkpoint.", e);
        }
    }

    /// <summary>Writes it into a folder.</summary>
    public void Write(string folder)
        => File.WriteAllBytes(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, TrainerStateJson.Default.TrainerState));
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TrainerState))]
internal sealed partial class TrainerStateJson : JsonSerializerContext;
