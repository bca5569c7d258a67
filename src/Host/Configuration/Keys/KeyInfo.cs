using Neoteny.Configuration;

namespace Neoteny.Host.Configuration;

/// <summary>A property that binds a key: what <see cref="KeyAttribute"/> or <see cref="ReadsAttribute"/> and its type say.</summary>
internal sealed record KeyInfo(string Name, string Property, KeyShape Shape)
{
    /// <summary>Whether another assembly owns the key.</summary>
    public bool IsRead { get; init; }

    public IReadOnlyList<string> Aliases { get; init; } = [];

    public double Minimum { get; init; } = double.NegativeInfinity;

    public double Maximum { get; init; } = double.PositiveInfinity;

    public IReadOnlyList<string> Allowed { get; init; } = [];

    public string? Summary { get; init; }

    public string? Default { get; init; }

    public bool Required { get; init; }

    /// <summary>Whether a plain text stands for a mapping with this key alone.</summary>
    public bool Shorthand { get; init; }

    /// <summary>Losses and modules that take part where the key is true.</summary>
    public IReadOnlyList<string> Activates { get; init; } = [];

    /// <summary>Name and aliases.</summary>
    public IEnumerable<string> Spellings => Aliases.Prepend(Name);
}
