namespace Neoteny.Models.Tokenizers.Unicode;

/// <summary>Hangul syllables compose by arithmetic (The Unicode Standard, section 3.12).</summary>
internal static class Hangul
{
    private const int Syllables = 0xAC00, Leads = 0x1100, Vowels = 0x1161, Trails = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TrailCount = 28;

    public static bool TryDecompose(int syllable, List<int> output)
    {
        var index = syllable - Syllables;
        if (index is < 0 or >= LeadCount * VowelCount * TrailCount)
            return false;
        output.Add(Leads + index / (VowelCount * TrailCount));
        output.Add(Vowels + index % (VowelCount * TrailCount) / TrailCount);
        if (index % TrailCount != 0)
            output.Add(Trails + index % TrailCount);
        return true;
    }

    /// <summary>The syllable that the pair composes to, or -1.</summary>
    public static int Compose(int first, int second)
    {
        if (first is >= Leads and < Leads + LeadCount && second is >= Vowels and < Vowels + VowelCount)
            return Syllables + ((first - Leads) * VowelCount + second - Vowels) * TrailCount;
        var index = first - Syllables;
        if (index is >= 0 and < LeadCount * VowelCount * TrailCount && index % TrailCount == 0 && second is > Trails and < Trails + TrailCount)
            return first + second - Trails;
        return -1;
    }
}
