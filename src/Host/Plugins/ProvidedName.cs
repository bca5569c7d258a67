namespace Neoteny.Host.Plugins;

/// <summary>A name under which a plugin provides an extension point.</summary>
/// <param name="Point">Full name of the interface.</param>
/// <param name="Name">The name in configuration files.</param>
/// <param name="TypeName">Full name of the implementing class.</param>
/// <param name="Summary">One line, or null.</param>
internal sealed record ProvidedName(string Point, string Name, string TypeName, string? Summary)
{
    /// <summary>The point as users know it: "attention" for <c>Neoteny.Attention.IAttention</c>, "module" for <c>IModuleOverride</c>.</summary>
    public string PointLabel => Label(Point);

    /// <summary>The short name of an extension point.</summary>
    public static string Label(string point)
    {
        var name = point[(point.LastIndexOf('.') + 1)..];
        name = name.StartsWith('I') ? name[1..] : name;
        return (name.EndsWith("Override", StringComparison.Ordinal) ? name[..^"Override".Length] : name).ToLowerInvariant();
    }
}
