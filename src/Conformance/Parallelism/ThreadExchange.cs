using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Where the ranks of one group lay down their tensors for each other.</summary>
internal sealed class ThreadExchange(int size)
{
    private readonly Barrier barrier = new(size);
    private readonly Tensor?[] laid = new Tensor?[size];
    private readonly ConcurrentDictionary<(int From, int To), BlockingCollection<Tensor>> mail = new();

    public int Size => size;

    /// <summary>Lays a tensor down, and works on everybody's while nobody changes them.</summary>
    public T Together<T>(int rank, Tensor mine, Func<Tensor[], T> work)
    {
        laid[rank] = mine;
        Meet();
        var result = work(Array.ConvertAll(laid, t => t!));
        Meet();
        return result;
    }

    public void Post(int from, int to, Tensor copy) => Box(from, to).Add(copy);

    public Tensor Take(int from, int to) => Box(from, to).TryTake(out var tensor, ThreadMesh.Patience)
        ? tensor
        : throw new NeotenyException($"Rank {to} of {size} waited {ThreadMesh.Patience.TotalSeconds:f0} s for rank {from} to send.");

    private BlockingCollection<Tensor> Box(int from, int to) => mail.GetOrAdd((from, to), _ => []);

    private void Meet()
    {
        if (!barrier.SignalAndWait(ThreadMesh.Patience))
        {
            throw new NeotenyException($"Not all {size} ranks issued the same collective within {ThreadMesh.Patience.TotalSeconds:f0} s.");
        }
    }
}
