namespace Neoteny.Host.Swap;

/// <summary>A plugin that was unloaded.</summary>
/// <param name="Name">Id and version.</param>
/// <param name="Context">Its load context; dead once nothing refers to it and it was collected.</param>
internal sealed record RetiredPlugin(string Name, WeakReference Context);
