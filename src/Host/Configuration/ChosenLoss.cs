namespace Neoteny.Host.Configuration;

/// <summary>The loss of a run, by name, and what chose it.</summary>
/// <param name="Name">The name that a plugin provides.</param>
/// <param name="Origin">Where the choice comes from, as <c>config show</c> says it.</param>
/// <param name="Why">The reason, as a plan says it; null where there is nothing to explain.</param>
internal sealed record ChosenLoss(string Name, string Origin, string? Why);
