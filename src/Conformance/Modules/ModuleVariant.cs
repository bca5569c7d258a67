namespace Neoteny.Conformance;

/// <summary>One shape and make of the tiny model that overrides are tried on.</summary>
/// <param name="Name">What is special about it.</param>
public sealed record ModuleVariant(string Name)
{
    /// <summary>Documents of the row.</summary>
    public IReadOnlyList<int> Lengths { get; init; } = [7, 1, 5];

    /// <summary>Hidden size.</summary>
    public int Hidden { get; init; } = 40;

    /// <summary>Intermediate size of MLPs and experts.</summary>
    public int Intermediate { get; init; } = 56;

    /// <summary>Query heads.</summary>
    public int QueryHeads { get; init; } = 4;

    /// <summary>Key heads.</summary>
    public int KeyHeads { get; init; } = 2;

    /// <summary>Head size.</summary>
    public int HeadSize { get; init; } = 16;

    /// <summary>Leading features of a head that turn.</summary>
    public int RotatedSize { get; init; } = 16;

    /// <summary>Added to norm weights: 1 for Gemma.</summary>
    public double NormOffset { get; init; }

    /// <summary>Whether norms are LayerNorms with a bias.</summary>
    public bool LayerNorm { get; init; }

    /// <summary>The activation of MLPs and experts.</summary>
    public string Activation { get; init; } = "silu";

    /// <summary>Whether experts clamp their gates as gpt-oss does.</summary>
    public bool ClampedExperts { get; init; }

    /// <summary>Whether linear sites and experts have biases.</summary>
    public bool Biases { get; init; }

    /// <summary>Whether linear sites and experts carry low-rank deltas; the base is then frozen.</summary>
    public bool Deltas { get; init; }

    /// <summary>Dropout of the deltas.</summary>
    public double Dropout { get; init; }

    /// <summary>Whether the deltas have magnitudes.</summary>
    public bool Magnitudes { get; init; }

    /// <summary>Whether the deltas' B have a bias.</summary>
    public bool DeltaBiases { get; init; }

    /// <summary>Whether the weights of linear sites and experts are stored in another format; the base is then frozen.</summary>
    public bool Stored { get; init; }

    /// <summary>Whether the base weights train, where nothing above freezes them.</summary>
    public bool Trains { get; init; } = true;

    internal bool BaseTrains => Trains && !Deltas && !Stored;

    /// <summary>What overrides are held against, as far as they claim its sites and support what these carry.</summary>
    public static IReadOnlyList<ModuleVariant> All { get; } =
    [
        new("plain"),
        new("one token") { Lengths = [1] },
        new("odd sizes") { Lengths = [13, 2], Hidden = 37, Intermediate = 53, QueryHeads = 3, KeyHeads = 1, HeadSize = 10, RotatedSize = 10 },
        new("more tokens") { Lengths = [67], Hidden = 64, Intermediate = 128 },
        new("hidden size 123") { Lengths = [5], Hidden = 123, Intermediate = 29 },
        new("part of a head turns") { RotatedSize = 8 },
        new("Gemma norms, tanh GELU") { NormOffset = 1, Activation = "gelu_pytorch_tanh" },
        new("layer norms, GELU") { LayerNorm = true, Activation = "gelu" },
        new("frozen") { Trains = false },
        new("biases") { Biases = true },
        new("deltas") { Deltas = true },
        new("clamped experts with biases") { Biases = true, ClampedExperts = true },
        new("deltas and biases") { Deltas = true, Biases = true, Hidden = 37, Intermediate = 53 },
        new("deltas with magnitudes") { Deltas = true, Magnitudes = true },
        new("deltas with biases of B") { Deltas = true, DeltaBiases = true },
        new("deltas with dropout") { Deltas = true, Dropout = 0.5 },
        new("stored format") { Stored = true },
        new("stored format and deltas") { Stored = true, Deltas = true },
    ];

    /// <inheritdoc/>
    public override string ToString() => Name;
}
