namespace Neoteny.Conformance;

/// <summary>Ends a check that has nothing to try.</summary>
internal sealed class CheckSkippedException(string reason) : Exception(reason);
