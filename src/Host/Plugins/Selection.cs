namespace Neoteny.Host.Plugins;

/// <summary>A plugin that a configuration asks for.</summary>
/// <param name="Plugin">The version chosen.</param>
/// <param name="Why">What asks for it, as the log says it.</param>
/// <param name="IsNamed">Whether <c>plugins:</c> names it.</param>
internal sealed record Selection(InstalledPlugin Plugin, string Why, bool IsNamed);
