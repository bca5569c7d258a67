namespace Words;

/// <summary>A private dependency of two plugins, each with its own version.</summary>
public static class Dictionary
{
    /// <summary>Which version this is.</summary>
    public static string Version => "words 2";
}
