namespace Neoteny.Host.Swap;

/// <summary>How far a run is and what computes in it.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Plugins">The plugins loaded.</param>
internal sealed record RunStatus(int Step, IReadOnlyList<ActivePlugin> Plugins);

/// <summary>A plugin in a run.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Version">The version in use.</param>
/// <param name="Path">Where that was loaded from.</param>
/// <param name="InUse">What of it computes, such as <c>attention sdpa</c>.</param>
internal sealed record ActivePlugin(string Id, string Version, string Path, IReadOnlyList<string> InUse);
