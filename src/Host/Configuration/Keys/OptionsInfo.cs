namespace Neoteny.Host.Configuration;

/// <summary>A record marked with <see cref="Neoteny.Configuration.OptionsAttribute"/>, as read from metadata.</summary>
/// <param name="TypeName">Full name, with <c>+</c> before a nested type.</param>
/// <param name="Keys">Keys that it owns and keys that it reads.</param>
internal sealed record OptionsInfo(string TypeName, IReadOnlyList<KeyInfo> Keys)
{
    public IEnumerable<KeyInfo> Owned => Keys.Where(k => !k.IsRead);

    public IEnumerable<KeyInfo> Read => Keys.Where(k => k.IsRead);
}
