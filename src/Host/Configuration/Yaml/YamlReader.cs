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
    private readonly string _file;
    private readonly IParser _parser;
    private readonly ProblemList _problems;
    private readonly Dictionary<AnchorName, ConfigNode> _anchors = [];

    private YamlReader(string text, string file, ProblemList problems)
    {
        _file = file;
        _problems = problems;
        _parser = new Parser(new StringReader(text));
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
            reader.Report(text, reader._parser.Current?.Start ?? Mark.Empty, "a bracket that is open here is not closed");
        }
        return new MapNode(new Place(file, 0, 0), []);
    }

    private void Report(string text, Mark mark, string message)
    {
        var tab = text.Split('\n').Select((line, index) => (line, index)).Skip((int)mark.Line - 1)
            .FirstOrDefault(l => l.line[..^l.line.TrimStart().Length].Contains('\t'));
        if (tab.line is null)
            _problems.Add(new Place(_file, (int)mark.Line, (int)mark.Column), $"not valid YAML: {message}");
        else
            _problems.Add(new Place(_file, tab.index + 1, 1), "not valid YAML: the line is indented with a tab; use spaces");
    }

    private MapNode ReadDocument()
    {
        var empty = new MapNode(new Place(_file, 0, 0), []);
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
            return empty;
        var root = ReadNode();
        _parser.Consume<DocumentEnd>();
        if (_parser.TryConsume<DocumentStart>(out var second))
            _problems.Add(At(second), "a second document starts here; keep one document in a file");
        if (root is MapNode map)
            return map;
        if (root is not ScalarNode { IsUnset: true })
            _problems.Add(root.Place, "expected keys and values, such as 'base_model: path/to/model'");
        return empty;
    }

    private ConfigNode ReadNode()
    {
        if (_parser.TryConsume<AnchorAlias>(out var alias))
            return Resolve(alias);
        var start = _parser.Accept<NodeEvent>(out var next) ? next : throw new YamlException("a value is missing");
        ConfigNode node;
        if (_parser.TryConsume<Scalar>(out var scalar))
            node = new ScalarNode(At(scalar), scalar.Value, scalar.Style is not ScalarStyle.Plain);
        else if (_parser.TryConsume<SequenceStart>(out _))
            node = new ListNode(At(start), ReadItems());
        else
        {
            _parser.Consume<MappingStart>();
            node = new MapNode(At(start), ReadEntries());
        }
        if (!start.Anchor.IsEmpty)
            _anchors[start.Anchor] = node;
        return node;
    }

    private ConfigNode Resolve(AnchorAlias alias)
    {
        if (_anchors.TryGetValue(alias.Value, out var node))
            return node;
        _problems.Add(At(alias), $"the anchor '&{alias.Value}' is not defined above this line");
        return new ScalarNode(At(alias), "", false);
    }

    private List<ConfigNode> ReadItems()
    {
        var items = new List<ConfigNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
            items.Add(ReadNode());
        return items;
    }

    private List<Entry> ReadEntries()
    {
        var entries = new Dictionary<string, Entry>();
        var merged = new List<Entry>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadNode();
            var value = ReadNode();
            if (key is not ScalarNode { Text: var name })
                _problems.Add(key.Place, "a key must be plain text");
            else if (name == MergeKey)
                merged.AddRange(Merged(value));
            else if (!entries.TryAdd(name, new Entry(name, key.Place, value)))
                _problems.Add(key.Place, $"'{name}' is given twice, first in line {entries[name].Place.Line}; keep one");
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
                _problems.Add(value.Place, "'<<' needs a mapping, such as '<<: *defaults'");
                return [];
        }
    }

    private Place At(ParsingEvent e) => new(_file, (int)e.Start.Line, (int)e.Start.Column);
}
