using Neoteny.Configuration;

namespace Neoteny.Host.Configuration;

/// <summary>Gives the problems that a record's validation reports the place and the name of the key to blame.</summary>
/// <param name="problems">Where they go.</param>
/// <param name="keys">The record's keys.</param>
/// <param name="whole">The place for a property that binds no key.</param>
/// <param name="placeOf">The place of a key's value.</param>
internal sealed class PropertyProblems(ProblemList problems, IEnumerable<KeyInfo> keys, Place whole, Func<KeyInfo, Place> placeOf) : IProblems
{
    public void Add(string property, string message) => problems.Add(PlaceOf(property), $"{NameOf(property)}: {message}");

    public void Warn(string property, string message) => problems.Warn(PlaceOf(property), $"{NameOf(property)}: {message}");

    public string Where(string property) => $"{NameOf(property)} ({PlaceOf(property)})";

    private KeyInfo? KeyOf(string property) => keys.FirstOrDefault(k => k.Property == property);

    private string NameOf(string property) => KeyOf(property)?.Name ?? property;

    private Place PlaceOf(string property) => KeyOf(property) is { } key ? placeOf(key) : whole;
}
