using Neoteny.Parallelism;

namespace Neoteny.Conformance;

/// <summary>A mesh whose ranks are threads of this process: what a parallelism plugin can be tried on without any transport.</summary>
/// <remarks>Every rank uses its own mesh on its own thread. A rank that does not take part ends the others' calls with an error after <see cref="Patience"/>.</remarks>
public sealed class ThreadMesh : IDeviceMesh
{
    /// <summary>How long a rank waits for the others.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly (string Axis, int Size)[] axes;
    private readonly Dictionary<string, ThreadCollectives> groups = [];

    private ThreadMesh((string Axis, int Size)[] axes, int rank) => (this.axes, Rank) = (axes, rank);

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int WorldSize => axes.Aggregate(1, (n, a) => n * a.Size);

    /// <inheritdoc/>
    public IReadOnlyList<string> Axes => [.. axes.Select(a => a.Axis)];

    /// <summary>Makes the meshes of all ranks, in the order of their ranks; the last axis varies fastest.</summary>
    /// <param name="axes">Names and sizes.</param>
    public static IReadOnlyList<ThreadMesh> Create(params (string Axis, int Size)[] axes)
    {
        var meshes = Enumerable.Range(0, axes.Aggregate(1, (n, a) => n * a.Size)).Select(r => new ThreadMesh(axes, r)).ToList();
        foreach (var (axis, _) in axes)
        {
            // Ranks of one group agree on every other axis.
            foreach (var group in meshes.GroupBy(m => string.Join(',', axes.Where(a => a.Axis != axis).Select(a => m.Index(a.Axis)))))
            {
                var members = group.ToList();
                var exchange = new ThreadExchange(members.Count);
                for (var i = 0; i < members.Count; i++)
                {
                    members[i].groups[axis] = new ThreadCollectives(exchange, i);
                }
            }
        }

        return meshes;
    }

    /// <inheritdoc/>
    public int Size(string axis) => axes.FirstOrDefault(a => a.Axis == axis) is { Axis: not null } found ? found.Size : 1;

    /// <inheritdoc/>
    public int Index(string axis)
    {
        var at = Array.FindIndex(axes, a => a.Axis == axis);
        return at < 0 ? 0 : Rank / axes[(at + 1)..].Aggregate(1, (n, a) => n * a.Size) % axes[at].Size;
    }

    /// <inheritdoc/>
    public ICollectives Group(string axis) => groups.TryGetValue(axis, out var group) ? group : new ThreadCollectives(new ThreadExchange(1), 0);
}
