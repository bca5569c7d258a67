namespace Neoteny.Host.Configuration;

/// <summary>Something wrong or odd in a configuration file.</summary>
internal sealed record Problem(Place Place, string Message, bool IsError)
{
    public override string ToString() => $"{Place}: {Message}";
}
