namespace Neoteny.Host.Configuration;

/// <summary>Checks the top level of a configuration file: every key has one owner and a value of its shape.</summary>
internal sealed class KeyChecker(KeyTable table)
{
    /// <summary>Adds every problem to the file's list.</summary>
    /// <param name="file">The file.</param>
    /// <param name="named">Plugins that the file names; where several own a key, it is theirs.</param>
    public void Check(RunFile file, IReadOnlyCollection<string> named)
    {
        var values = new ValueChecker(file.Problems);
        var spellings = new Dictionary<string, string>();
        foreach (var entry in file.Root.Entries)
        {
            var owners = Owners(entry.Key, named);
            if (owners.Count == 0)
                ReportUnknown(entry, file.Problems);
            else if (owners.Count > 1)
                file.Problems.Add(entry.Place, $"'{entry.Key}' belongs to {Names(owners)}; name the one you mean under 'plugins'");
            else if (entry.IsSet && owners[0].Owner.Fault is { } fault)
                file.Problems.Add(entry.Place, $"'{entry.Key}' belongs to {owners[0].Owner.Name}, which cannot be used: {fault}");
            else if (entry.IsSet)
                CheckEntry(entry, owners[0].Key, values, spellings, file.Problems);
        }
        foreach (var key in table.Owners.Where(o => o.IsHost).SelectMany(o => o.Keys))
            CheckRequired(key, file);
    }

    /// <summary>Reports a required key of an active plugin that the file lacks.</summary>
    public static void CheckRequired(KeyInfo key, RunFile file)
    {
        if (key.Required && !file.IsBareModel && !key.Spellings.Any(s => file.Root.Find(s) is not null))
            file.Problems.Add(file.Whole, $"missing key '{key.Name}'" + (key.Summary is null ? "" : $" ({key.Summary.TrimEnd('.')})"));
    }

    private List<(KeyOwner Owner, KeyInfo Key)> Owners(string key, IReadOnlyCollection<string> named)
    {
        var all = table.Find(key);
        foreach (var better in new Func<KeyOwner, bool>[] { o => o.IsHost, o => named.Contains(o.Name), o => o.Fault is null })
        {
            if (all.Where(o => better(o.Owner)).ToList() is { Count: > 0 } owners)
                return owners;
        }
        return [.. all];
    }

    private static string Names(IEnumerable<(KeyOwner Owner, KeyInfo Key)> owners) => string.Join(" and to ", owners.Select(o => o.Owner.Name));

    private void CheckEntry(Entry entry, KeyInfo key, ValueChecker values, Dictionary<string, string> spellings, ProblemList problems)
    {
        if (!spellings.TryAdd(key.Name, entry.Key))
            problems.Add(entry.Place, $"'{entry.Key}' and '{spellings[key.Name]}' are the same key; keep '{key.Name}'");
        if (entry.Key != key.Name)
            problems.Warn(entry.Place, $"'{entry.Key}' is an older spelling of '{key.Name}'");
        values.Check(entry.Value, key, entry.Key);
    }

    private void ReportUnknown(Entry entry, ProblemList problems)
    {
        var known = AxolotlKeys.Known;
        var isFalse = entry.Value is ScalarNode { Text: var text } && ScalarText.ToBoolean(text) == false;
        if (known.Contains(entry.Key) && (!entry.IsSet || (isFalse && known.IsSwitch(entry.Key))))
            return;
        if (known.Removed(entry.Key) is { } instead)
            problems.Add(entry.Place, $"'{entry.Key}' was removed; {instead}");
        else if (known.Contains(entry.Key))
            problems.Add(entry.Place, $"'{entry.Key}' is an Axolotl key that Neoteny does not support yet; remove it");
        else if (Nearest.To(entry.Key, table.Spellings) is { } nearest)
            problems.Add(entry.Place, $"unknown key '{entry.Key}'; did you mean '{nearest}'?");
        else
            problems.Add(entry.Place, $"unknown key '{entry.Key}'; 'neoteny config schema' lists the known ones");
    }
}
