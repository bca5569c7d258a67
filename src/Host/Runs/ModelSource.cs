namespace Neoteny.Host.Runs;

/// <summary>What to load for using a model, where that is not what a configuration says for training one.</summary>
internal sealed record ModelSource
{
    /// <summary>What to name where there is no folder.</summary>
    public const string Otherwise = "Name one with config.json, the weights (*.safetensors) and the tokenizer.";

    /// <summary>The model's folder, whose weights are read.</summary>
    public required string Folder { get; init; }

    /// <summary>The folder of a saved adapter; null for none.</summary>
    public string? AdapterFolder { get; init; }

    /// <summary>Whether weights keep the dtype of their files, rather than the configuration's.</summary>
    public bool KeepsDType { get; init; }
}
