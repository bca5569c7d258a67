namespace Neoteny.Conformance.Xunit;

/// <summary>Names of checks as names of methods.</summary>
internal static class FactName
{
    public static string Of(string check) => string.Concat(check.Where(c => c != ',').Select(c => char.IsLetterOrDigit(c) ? c : '_'));
}
