using Neoteny.Configuration;

namespace Neoteny.Host.Configuration;

/// <summary>Makes option records from a configuration file.</summary>
/// <param name="file">The file; problems found are added to its list.</param>
/// <param name="table">Who owns which key; knows the other spellings of keys that a record only reads.</param>
internal sealed class OptionsBinder(RunFile file, KeyTable table)
{
    /// <summary>The file that it binds from.</summary>
    public RunFile File => file;

    /// <summary>One for the same file that finds problems of its own.</summary>
    public OptionsBinder Anew() => new(file.Anew(), table);

    /// <summary>Binds and validates one record. Values with problems are left at their defaults.</summary>
    /// <param name="type">The record's type, with a parameterless constructor.</param>
    /// <param name="info">Its keys.</param>
    public object Bind(Type type, OptionsInfo info)
    {
        var found = new ProblemList();
        var record = Activator.CreateInstance(type)!;
        ValueBinder.Fill(record, info.Keys, Find, Validate);
        if (record is IValidated validated && !found.HasErrors && !file.IsBareModel)
            validated.Validate(new PropertyProblems(file.Problems, info.Keys, file.Whole, k => EntryOf(k)?.Value.Place ?? file.Whole));
        file.Problems.AddRange(found);
        return record;

        ConfigNode? Find(KeyInfo key)
        {
            if (EntryOf(key) is not { } entry)
                return null;
            var own = new ProblemList();
            new ValueChecker(own).Check(entry.Value, key, entry.Key);
            found.AddRange(own);
            return own.HasErrors ? null : entry.Value;
        }
    }

    /// <summary>The entry of a key under any of its spellings; null where it is absent or has no value.</summary>
    public Entry? EntryOf(KeyInfo key) =>
        key.IsRead ? table.FindEntry(file.Root, key.Name) : key.Spellings.Select(file.Root.Find).FirstOrDefault(e => e is not null);

    private void Validate(object record, MapNode node, RecordShape shape)
    {
        if (record is IValidated validated)
            validated.Validate(new PropertyProblems(file.Problems, shape.Keys, node.Place, PlaceOf));

        Place PlaceOf(KeyInfo key) => key.Spellings.Select(node.Find).FirstOrDefault(e => e is not null)?.Value.Place ?? node.Place;
    }
}
