namespace Neoteny.Host.Composition;

/// <summary>Compares what a run demands of an extension with what the extension declares.</summary>
internal static class FeatureCheck
{
    /// <summary>Refuses an extension that lacks a demanded feature, by name.</summary>
    /// <exception cref="InputException">A feature is missing.</exception>
    public static void Demand<TFeatures>(ExtensionSource source, string what, TFeatures demands, TFeatures supports)
        where TFeatures : struct, Enum
    {
        var missing = Convert.ToInt64(demands) & ~Convert.ToInt64(supports);
        if (missing != 0)
        {
            throw new InputException($"{source} does not support {Names<TFeatures>(missing)}, which {what} needs. Choose another one, or a newer version of the plugin.");
        }
    }

    private static string Names<TFeatures>(long bits)
        where TFeatures : struct, Enum
        => string.Join(", ", Enumerable.Range(0, 63).Where(i => (bits >> i & 1) != 0)
            .Select(i => Enum.GetName((TFeatures)Enum.ToObject(typeof(TFeatures), 1L << i)) ?? $"feature {i} of a newer host"));
}
