using Neoteny.Host.Plugins;

namespace Neoteny.Host.Configuration;

/// <summary>Which loss a file asks for: <c>loss:</c> names one, and keys of plugins activate theirs.</summary>
internal static class LossWishes
{
    private const string Key = "loss";
    private const string Otherwise = "cross_entropy";

    /// <summary>The loss. What the file writes counts before what plugins activate by default; two that contradict each other are a problem of the file.</summary>
    /// <param name="file">The file; problems are added to its list.</param>
    /// <param name="binder">Finds entries of keys under all their spellings.</param>
    /// <param name="plugins">The loaded plugins, their options bound.</param>
    public static string Choose(RunFile file, OptionsBinder binder, IEnumerable<LoadedPlugin> plugins)
    {
        var wishes = Activated(binder, plugins).ToList();
        if (file.Root.Find(Key)?.Value is ScalarNode { IsUnset: false } named)
            wishes.Add(new Wish(named.Text, Key, named.Place, $"{Key}: {named.Text}"));
        var written = wishes.Where(w => w.Place is not null).OrderBy(w => w.Place!).ToList();
        var counted = written.Count > 0 ? written : wishes;
        if (counted.Count == 0)
            return Otherwise;
        foreach (var other in counted.Skip(1).Where(w => w.Loss != counted[0].Loss))
        {
            file.Problems.Add(other.Place ?? file.Whole, counted[0].Place is { } place
                ? $"{other.Key} cannot be combined with {counted[0].Key} ({place}): a run has one loss. Keep one of the two."
                : $"{counted[0].Text} and {other.Text} are both on by default, and a run has one loss. Write {Key}: {counted[0].Loss} or {Key}: {other.Loss}.");
        }

        return counted[0].Loss;
    }

    private static IEnumerable<Wish> Activated(OptionsBinder binder, IEnumerable<LoadedPlugin> plugins) =>
        from plugin in plugins
        from key in plugin.ActivatingKeys
        from loss in key.Activates
        where plugin.Manifest.Provides.Any(p => p.PointLabel == Key && p.Name == loss)
        select new Wish(loss, key.Name, binder.EntryOf(key)?.Value.Place, $"{key.Name} of {plugin.Manifest}");

    private sealed record Wish(string Loss, string Key, Place? Place, string Text);
}
