namespace Neoteny.Host.Configuration;

/// <summary>An assembly whose option records own keys: one of the host's, or an installed plugin.</summary>
/// <param name="Name">How messages call it: "Neoteny", or "Lora 0.1.0".</param>
/// <param name="Options">Its option records.</param>
internal sealed record KeyOwner(string Name, IReadOnlyList<OptionsInfo> Options)
{
    /// <summary>The name the host's own assemblies go by.</summary>
    public const string Host = "Neoteny";

    /// <summary>Why the owner cannot be used; null for one that can.</summary>
    public string? Fault { get; init; }

    public bool IsHost => Name == Host;

    public IEnumerable<KeyInfo> Keys => Options.SelectMany(o => o.Owned);
}
