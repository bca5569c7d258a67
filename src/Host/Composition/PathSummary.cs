namespace Neoteny.Host.Composition;

/// <summary>Writes many module paths as few: <c>model.layers.{0..15}.self_attn.{q_proj,v_proj}</c>.</summary>
/// <remarks>
/// From the last part to the first, paths that differ in that part alone become one. Numbers fold into ranges anywhere, names only at the end,
/// where they are the leaves of one module.
/// </remarks>
internal static class PathSummary
{
    /// <summary>The summary, in the order of first appearance.</summary>
    public static string Of(IEnumerable<string> paths)
    {
        var all = paths.Select(p => p.Split('.')).ToList();
        foreach (var position in all.Select(p => p.Length).DefaultIfEmpty(0).Max() is var longest ? Enumerable.Range(0, longest).Reverse() : [])
        {
            all = Fold(all, position);
        }

        return string.Join(", ", all.Select(p => string.Join('.', p)));
    }

    private static List<string[]> Fold(List<string[]> paths, int position) =>
        [.. paths.GroupBy(p => Key(p, position)).Select(g => Merge([.. g], position))];

    /// <summary>Equal for paths that may become one by folding this part.</summary>
    private static string Key(string[] path, int position)
    {
        var folds = position < path.Length && (IsNumber(path[position]) || position == path.Length - 1);
        return folds
            ? string.Join('.', path.Select((part, i) => i != position ? part : IsNumber(part) ? "#" : "*"))
            : string.Join('.', path);
    }

    private static string[] Merge(string[][] group, int position)
    {
        if (position >= group[0].Length)
        {
            return group[0];
        }

        var values = group.Select(p => p[position]).Distinct().ToList();
        return values.Count == 1 ? group[0] : [.. group[0].Select((part, i) => i != position ? part : $"{{{Values(values)}}}")];
    }

    private static string Values(List<string> values) =>
        values.TrueForAll(IsNumber) ? Ranges([.. values.Select(int.Parse).Order()]) : string.Join(',', values);

    private static string Ranges(List<int> numbers)
    {
        var runs = new List<(int First, int Last)>();
        foreach (var number in numbers)
        {
            if (runs.Count > 0 && runs[^1].Last == number - 1)
            {
                runs[^1] = (runs[^1].First, number);
            }
            else
            {
                runs.Add((number, number));
            }
        }

        return string.Join(',', runs.Select(r => r.First == r.Last ? $"{r.First}" : r.Last == r.First + 1 ? $"{r.First},{r.Last}" : $"{r.First}..{r.Last}"));
    }

    private static bool IsNumber(string part) => part.Length is > 0 and < 10 && part.All(char.IsAsciiDigit);
}
