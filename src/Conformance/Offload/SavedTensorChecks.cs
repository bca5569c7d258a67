using Neoteny.Autograd;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>What must hold of saved tensors that an offload plugin keeps.</summary>
internal sealed class SavedTensorChecks(CheckRun run, ISavedTensors store, ConformanceSettings settings)
{
    /// <summary>As the tape does it: parked in forward, fetched in reverse order in backward.</summary>
    public void ComeBack()
    {
        foreach (var prefetch in new[] { false, true })
        {
            run.Case(prefetch ? "with prefetching" : "without prefetching", () =>
            {
                var tensors = Samples();
                var copies = tensors.Select(t => t.clone()).ToList();
                var handles = tensors.Select(t => store.Park(new SavedTensor { Tensor = t })).ToList();
                foreach (var (tensor, handle) in tensors.Zip(handles).Where(p => p.Second is not null))
                {
                    // As the tape does: its own handle goes at once.
                    tensor.Dispose();
                }

                for (var i = tensors.Count - 1; i >= 0; i--)
                {
                    if (handles[i] is not { } handle)
                    {
                        continue;
                    }

                    if (prefetch && i > 0 && handles[i - 1] is { } next)
                    {
                        store.Prefetch(next);
                    }

                    using var back = store.Fetch(handle);
                    run.Same($"{copies[i].dtype} [{string.Join(", ", copies[i].shape)}]", copies[i], back);
                    run.That(back.device_type == copies[i].device_type, $"{copies[i].dtype}: came back on {back.device}");
                }

                run.That(handles.Any(h => h is not null), "it parks none of the samples");
            });
        }
    }

    /// <summary>What nobody fetches is freed, prefetched or not.</summary>
    public void AreFreedWhenReleased()
        => run.Case("released", () => Conduct.LeavesNothing(run, new Workload([], () =>
        {
            foreach (var tensor in Samples())
            {
                if (store.Park(new SavedTensor { Tensor = tensor }) is { } handle)
                {
                    store.Prefetch(handle);
                    store.Release(handle);
                }
            }

            return [];
        })));

    private List<Tensor> Samples()
    {
        using var draw = settings.Draw();
        return
        [
            draw.Normal(ScalarType.Float32, 64, 33),
            draw.Normal(ScalarType.BFloat16, 7, 3, 5),
            draw.Normal(ScalarType.Float32, 48, 20).t(),
            draw.Normal(ScalarType.Float32, 40, 30).narrow(1, 5, 11),
            draw.Normal(ScalarType.Float32, 1),
            draw.Normal(ScalarType.Float32, 12, 9).gt(Scalars.Zero),
            draw.Normal(ScalarType.Float32, 300).to(ScalarType.Int64),
            draw.Normal(ScalarType.Float32, 256, 129),
        ];
    }
}
