using Neoteny.Conformance;

namespace Neoteny.Host.Conformance;

/// <summary>What the checks of one extension, or of the plugin as a whole, found.</summary>
/// <param name="Title">The extension, such as <c>attention 'sdpa'</c>.</param>
/// <param name="Results">One for each check.</param>
internal sealed record TestedSuite(string Title, IReadOnlyList<CheckResult> Results);
