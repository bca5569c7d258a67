using Neoteny.Parallelism;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Runs something on every rank at once, each on a thread of its own.</summary>
internal static class Ranks
{
    /// <summary>What each rank returned, in the order of ranks.</summary>
    /// <exception cref="NeotenyException">A rank failed.</exception>
    public static IReadOnlyList<T> Run<T>(IReadOnlyList<IDeviceMesh> meshes, Func<IDeviceMesh, T> work)
    {
        var (results, errors) = (new T[meshes.Count], new Exception?[meshes.Count]);
        var threads = meshes.Select((mesh, i) => new Thread(() =>
        {
            try
            {
                using var scope = NewDisposeScope();
                using var guard = no_grad();
                results[i] = work(mesh);
            }
            catch (Exception e)
            {
                errors[i] = e;
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        var failed = Array.FindIndex(errors, e => e is not null);
        return failed < 0 ? results : throw new NeotenyException($"rank {failed}: {CheckRun.Describe(errors[failed]!)}");
    }

    /// <summary>Values as numbers that may cross threads.</summary>
    public static double[] Numbers(Tensor tensor) => Comparison.Wide(tensor).contiguous().data<double>().ToArray();
}
