using Neoteny.Host.Plugins;

namespace Neoteny.Host.Configuration;

/// <summary>Which loss a file asks for: <c>loss:</c> names one, and keys of plugins activate theirs.</summary>
internal static class LossWishes
{
    /// <summary>The key that names a loss, and the label of its point.</summary>
    public const string Key = "loss";

    private const string Otherwise = "cross_entropy";

    /// <summary>The loss. What the file writes counts before what plugins activate by default; two that contradict each other are a problem of the file.</summary>
    /// <param name="file">The file; problems are added to its list.</param>
    /// <param name="binder">Finds entries of keys under all their spellings.</param>
    /// <param name="plugins">The loaded plugins, their options bound.</param>
    public static ChosenLoss Choose(RunFile file, OptionsBinder binder, IEnumerable<LoadedPlugin> plugins)
    {
        var wishes = Activated(binder, plugins).ToList();
        if (file.Root.Find(Key)?.Value is ScalarNode named)
            wishes.Add(new Wish(Key, named.Place, new ChosenLoss(named.Text, named.Place.ToString(), null)));
        var written = wishes.Where(w => w.Place is not null).OrderBy(w => w.Place!.Value).ToList();
        var counted = written.Count > 0 ? written : wishes;
        if (counted.Count == 0)
            return new ChosenLoss(Otherwise, "default", null);
        foreach (var other in counted.Skip(1).Where(w => w.Loss.Name != counted[0].Loss.Name))
            file.Problems.Add(other.Place ?? file.Whole, Contradiction(counted[0], other));
        return counted[0].Loss;
    }

    private static string Contradiction(Wish first, Wish other) => first.Place is { } place
        ? $"{other.Key} cannot be combined with {first.Key} ({place}): a run has one loss. Keep one of the two."
        : $"{first.Loss.Origin}, and {other.Loss.Origin}, and a run has one loss. Write {Key}: {first.Loss.Name} or {Key}: {other.Loss.Name}.";

    private static IEnumerable<Wish> Activated(OptionsBinder binder, IEnumerable<LoadedPlugin> plugins) =>
        from plugin in plugins
        from key in plugin.ActivatingKeys
        from loss in key.Activates
        where plugin.Manifest.Provides.Any(p => p.PointLabel == Key && p.Name == loss)
        let place = binder.EntryOf(key)?.Value.Place
        select new Wish(key.Name, place, place is null
            ? new ChosenLoss(loss, $"{key.Name} of {plugin.Manifest} is on by default", $"{key.Name} is on by default")
            : new ChosenLoss(loss, $"{key.Name}, {place}", $"{key.Name} is on"));

    private sealed record Wish(string Key, Place? Place, ChosenLoss Loss);
}
