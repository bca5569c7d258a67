namespace Neoteny.Host.Configuration;

/// <summary>Matches a text with the texts that a key accepts; <c>yes</c> and <c>True</c> match an accepted <c>true</c>.</summary>
internal static class ChoiceText
{
    public static string? Find(IEnumerable<string> accepted, string text)
    {
        var boolean = ScalarText.ToBoolean(text) switch { true => "true", false => "false", _ => null };
        return accepted.FirstOrDefault(a => a == text) ?? accepted.FirstOrDefault(a => a == boolean);
    }

    public static long? Find(ChoiceShape choice, string text) =>
        Find(choice.Choices.Select(c => c.Text), text) is { } found ? choice.Choices.First(c => c.Text == found).Value : null;

    /// <summary>How an enumeration's member is written: <c>MaxAutotune</c> is <c>max_autotune</c>.</summary>
    public static string Snake(string member) =>
        string.Concat(member.Select((c, i) => char.IsUpper(c) && i > 0 ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
