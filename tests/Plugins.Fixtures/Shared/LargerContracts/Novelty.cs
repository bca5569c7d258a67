namespace Neoteny;

/// <summary>A type that the host's contracts lack.</summary>
public sealed class Novelty;
