namespace Neoteny.Core.Tests.Tokenizers;

/// <summary>Made-up text that repeats itself like language does.</summary>
internal static class TextSamples
{
    private static readonly string[] Syllables = ["ka", "to", "mi", "lo", "an", "ing", "the", "st", "er", "on", "qu", "é", "ß", "中", "😀"];

    public static IEnumerable<string> Words(int count, int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
            yield return string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => Syllables[random.Next(Syllables.Length)])) + (i % 7 == 0 ? ".\n" : " ");
    }
}
