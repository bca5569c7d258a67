using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Neoteny.Host.Configuration;

/// <summary>Reads one YAML document into nodes that know their place.</summary>
/// <remarks>
/// Works on parser events, not on YamlDotNet's representation model: that one stops at the first duplicate key and knows no merge keys.
/// </remarks>
internal sealed class YamlReader
{
    private const string MergeKey = "<<";
    private readonly string file;
    private readonly IParser parser;
    private readonly ProblemList problems;
    private readonly Dictionary<AnchorName, ConfigNode> anchors = [];

    private YamlReader(string text, string file, ProblemList problems)
    {
        this.file = file;
        this.problems = problems;
        parser = new Parser(new StringReader(text));
    }

    /// <summary>Reads the document's top-level mapping; problems are added to <paramref name="problems"/>.</summary>
    public static MapNode Read(string text, string file, ProblemList problems)
    {
        var reader = new YamlReader(text, file, problems);
        try
        {
            return reader.ReadDocument();
        }
        catch (YamlException e)
        {
            reader.Report(text, e.Start, e.Message.TrimEnd('.'));
        }
        catch (InvalidOperationException)
        {
            // YamlDotNet's scanner does so where a plain value ends in the middle of a bracket.
            reader.Report(text, reader.parser.Current?.Start ?? Mark.Empty, "a bracket that is open here is not closed");
        }
        return new MapNode(new Place(file, 0, 0), []);
    }

    private void Report(string text, Mark mark, string message)
    {
        var tab = text.Split('\n').Select((line, index) => (line, index)).Skip((int)mark.Line - 1)
            .FirstOrDefault(l => l.line[..^l.line.TrimStart().Length].Contains('\t'));
        if (tab.line is null)
            problems.Add(new Place(file, (int)mark.Line, (int)mark.Column), $"not valid YAML: {message}");
        else
            problems.Add(new Place(file, tab.index + 1, 1), "not valid YAML: the line is indented with a tab; use spaces");
    }

    private MapNode ReadDocument()
    {
        var empty = new MapNode(new Place(file, 0, 0), []);
        parser.Consume<StreamStart>();
        if (!parser.TryConsume<DocumentStart>(out _))
            return empty;
        var root = ReadNode();
        parser.Consume<DocumentEnd>();
        if (parser.TryConsume<DocumentStart>(out var second))
            problems.Add(At(second), "a second document starts here; keep one document in a file");
        if (root is MapNode map)
            return map;
        if (root is not ScalarNode { IsUnset: true })
            problems.Add(root.Place, "expected keys and values, such as 'base_model: path/to/model'");
        return empty;
    }

    private ConfigNode ReadNode()
    {
        if (parser.TryConsume<AnchorAlias>(out var alias))
            return Resolve(alias);
        var start = parser.Accept<NodeEvent>(out var next) ? next : throw new YamlException("a value is missing");
        ConfigNode node;
        if (parser.TryConsume<Scalar>(out var scalar))
            node = new ScalarNode(At(scalar), scalar.Value, scalar.Style is not ScalarStyle.Plain);
        else if (parser.TryConsume<SequenceStart>(out _))
            node = new ListNode(At(start), ReadItems());
        else
        {
            parser.Consume<MappingStart>();
            node = new MapNode(At(start), ReadEntries());
        }
        if (!start.Anchor.IsEmpty)
            anchors[start.Anchor] = node;
        return node;
    }

    private ConfigNode Resolve(AnchorAlias alias)
    {
        if (anchors.TryGetValue(alias.Value, out var node))
            return node;
        problems.Add(At(alias), $"the anchor '&{alias.Value}' is not defined above this line");
        return new ScalarNode(At(alias), "", false);
    }

    private List<ConfigNode> ReadItems()
    {
        var items = new List<ConfigNode>();
        while (!parser.TryConsume<SequenceEnd>(out _))
            items.Add(ReadNode());
        return items;
    }

    private List<Entry> ReadEntries()
    {
        var entries = new Dictionary<string, Entry>();
        var merged = new List<Entry>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadNode();
            var value = ReadNode();
            if (key is not ScalarNode { Text: var name })
                problems.Add(key.Place, "a key must be plain text");
            else if (name == MergeKey)
                merged.AddRange(Merged(value));
            else if (!entries.TryAdd(name, new Entry(name, key.Place, value)))
                problems.Add(key.Place, $"'{name}' is given twice, first in line {entries[name].Place.Line}; keep one");
        }
        foreach (var entry in merged)
            entries.TryAdd(entry.Key, entry);
        return [.. entries.Values];
    }

    private IEnumerable<Entry> Merged(ConfigNode value)
    {
        switch (value)
        {
            case MapNode map:
                return map.Entries;
            case ListNode list when list.Items.All(i => i is MapNode):
                return list.Items.Cast<MapNode>().SelectMany(m => m.Entries);
            default:
                problems.Add(value.Place, "'<<' needs a mapping, such as '<<: *defaults'");
                return [];
        }
    }

    private Place At(ParsingEvent e) => new(file, (int)e.Start.Line, (int)e.Start.Column);
}
