namespace Neoteny;

/// <summary>The class of the real contracts with members that they lack.</summary>
public class InputException : Exception
{
    /// <summary>A field that the host's contracts lack.</summary>
    public static readonly int Answer = 42;

    /// <summary>A method that the host's contracts lack.</summary>
    public static string Describe(int code, IReadOnlyList<string> words) => $"{code} {words.Count}";
}
