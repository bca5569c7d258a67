namespace Neoteny.ExampleData.Capitals;

/// <summary>A country with one undisputed capital whose name differs from the country's.</summary>
/// <param name="Name">The name within a sentence, with its article: <c>the Netherlands</c>.</param>
/// <param name="Capital">The name of the capital, proper UTF-8.</param>
/// <param name="Continent">The continent: <c>Europe</c>.</param>
internal sealed record Country(string Name, string Capital, string Continent);
