namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>Python's slices.</summary>
internal static class Slices
{
    /// <summary>Bounds of a slice with step 1; it is empty where the first is not smaller.</summary>
    public static (int From, int To) Bounds(int length, long? start, long? stop) =>
        (Clamp(start ?? 0, length, 0, length), Clamp(stop ?? length, length, 0, length));

    public static List<T> Select<T>(IReadOnlyList<T> items, long? start, long? stop, long step)
    {
        if (step == 0)
            throw new TemplateError("the step of a slice cannot be zero.");
        var count = items.Count;
        var selected = new List<T>();
        if (step > 0)
        {
            var (from, to) = Bounds(count, start, stop);
            for (long i = from; i < to; i += Math.Min(step, count))
                selected.Add(items[(int)i]);
            return selected;
        }

        var first = start is { } s ? Clamp(s, count, -1, count - 1) : count - 1;
        var last = stop is { } e ? Clamp(e, count, -1, count - 1) : -1;
        for (long i = first; i > last; i += Math.Max(step, -count))
            selected.Add(items[(int)i]);
        return selected;
    }

    private static int Clamp(long index, int length, int lowest, int highest) =>
        (int)Math.Clamp(index < 0 ? index + length : index, lowest, highest);
}
