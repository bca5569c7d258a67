namespace Neoteny.Training.Packing;

/// <summary>Packs documents into rows: longest first, each into the first row that has room.</summary>
/// <remarks>
/// Never more than 11/9 of the fewest rows possible, plus 2/3 (Dosa 2007). The first row with room is found in a tree over the rows' room
/// in logarithmic time. Documents of equal length keep their order, so the result depends on the input alone.
/// </remarks>
internal static class FirstFitDecreasing
{
    /// <summary>Packs.</summary>
    /// <param name="items">Documents, by number.</param>
    /// <param name="length">The length of each, at most <paramref name="capacity"/>.</param>
    /// <param name="capacity">Tokens of a row.</param>
    /// <returns>The rows, each with its documents.</returns>
    public static List<int[]> Pack(IReadOnlyList<int> items, Func<int, int> length, int capacity)
    {
        var rows = new List<List<int>>();
        var room = new RoomTree(items.Count, capacity);
        foreach (var item in items.OrderByDescending(length))
        {
            var row = room.Take(length(item));
            if (row == rows.Count)
                rows.Add([]);
            rows[row].Add(item);
        }

        return [.. rows.Select(r => r.ToArray())];
    }

    /// <summary>A tree whose inner nodes hold the most room of any row below them.</summary>
    private sealed class RoomTree
    {
        private readonly int leaves;
        private readonly int[] most;

        public RoomTree(int rows, int capacity)
        {
            leaves = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(rows, 1));
            most = new int[2 * leaves];
            Array.Fill(most, capacity);
        }

        /// <summary>Takes room from the first row that has it and returns the row.</summary>
        public int Take(int size)
        {
            if (size > most[1])
                throw new ArgumentOutOfRangeException(nameof(size), $"A document of {size} tokens does not fit into a row.");

            var node = 1;
            while (node < leaves)
            {
                node *= 2;
                if (most[node] < size)
                    node++;
            }

            var row = node - leaves;
            most[node] -= size;
            for (node /= 2; node > 0; node /= 2)
                most[node] = Math.Max(most[2 * node], most[(2 * node) + 1]);
            return row;
        }
    }
}
