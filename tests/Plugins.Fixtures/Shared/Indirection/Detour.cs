namespace Indirection;

/// <summary>Needs a dictionary.</summary>
public static class Detour
{
    /// <summary>Says which one.</summary>
    public static string Version => Words.Dictionary.Version;
}
