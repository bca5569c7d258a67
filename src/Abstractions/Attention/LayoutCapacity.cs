namespace Neoteny.Attention;

/// <summary>Room for the documents of a row. Work captured for one layout serves all layouts of equal capacity: it reads where documents begin from the layout's offsets on the device.</summary>
/// <param name="Documents">The most documents; a layout is filled up to them with empty ones.</param>
/// <param name="Length">The most tokens of one document.</param>
public sealed record LayoutCapacity(int Documents, int Length);
