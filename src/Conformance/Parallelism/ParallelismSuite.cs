using Neoteny.Modules;
using Neoteny.Parallelism;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>What every <see cref="IParallelism"/> must do, on one rank and on ranks that are threads of this process.</summary>
public sealed class ParallelismSuite : ConformanceSuite
{
    private readonly Func<IParallelism> create;

    /// <summary>Creates the suite.</summary>
    /// <param name="create">Makes an instance as the host does; every rank has its own.</param>
    /// <param name="settings">Device, dtypes and seed; null for the CPU.</param>
    public ParallelismSuite(Func<IParallelism> create, ConformanceSettings? settings = null)
        : base("parallelism", settings)
    {
        this.create = create;
        Add("Its axes are named once each", Axes);
        Add("Every parameter has one placement, the same on all ranks", Placed);
        Add("One rank computes what no parallelism computes", Alone);
        Add("Weights are whole when rented on every rank", Whole);
        Add("Gradients of replicated weights are summed over the ranks that see other tokens", Reduced);
        Add("Norms are summed over axes of the mesh", Norms);
        Add("The same ranks give the same bits on the CPU", run => Conduct.OnTheCpu(run, Settings, () => Repeated(run)));
        Add("Nothing but the results stays alive", Leaks);
        Add("Any thread may call it", Threads);
        Add("Construction is cheap", run => Construction.Check(run, create));
    }

    private static ModuleVariant Variant { get; } = ModuleVariant.All[0];

    private IEnumerable<(string Name, IReadOnlyList<IDeviceMesh> Meshes)> Meshes()
    {
        var axes = create().Axes;
        yield return ("one rank", ThreadMesh.Create([.. axes.Select(a => (a, 1))]));
        yield return ("two ranks an axis", ThreadMesh.Create([.. axes.Take(2).Select(a => (a, 2))]));
    }

    private void Axes(CheckRun run)
    {
        var axes = create().Axes;
        run.That(axes.Count > 0, "it names no axis");
        run.That(axes.Distinct().Count() == axes.Count, "it names an axis twice");
    }

    private void Placed(CheckRun run)
    {
        foreach (var (name, meshes) in Meshes())
        {
            run.Case(name, () =>
            {
                var plans = Ranks.Run(meshes, mesh =>
                {
                    using var model = Make();
                    var parallelism = create();
                    return Parameters(model).Select(p => (p.Parameter.Path, p.Parameter.Shape, Placement: parallelism.Plan(p.Site, p.Parameter, mesh))).ToList();
                });
                foreach (var (path, shape, placement) in plans[0])
                {
                    run.That(placement.Alignment >= 1, $"{path}: the alignment is {placement.Alignment}");
                    foreach (var (axis, dimension) in placement.ShardedDimensions)
                    {
                        run.That(meshes[0].Axes.Contains(axis) || create().Axes.Contains(axis), $"{path}: is sharded along '{axis}', which is no axis of it");
                        run.That(dimension >= 0 && dimension < shape.Count, $"{path}: dimension {dimension} of [{string.Join(", ", shape)}] is sharded");
                    }
                }

                var first = plans[0].Select(p => Text(p.Placement)).ToList();
                run.That(plans.All(p => p.Select(e => Text(e.Placement)).SequenceEqual(first)), "ranks disagree on placements");
            });
        }
    }

    private void Alone(CheckRun run)
    {
        var mesh = ThreadMesh.Create([.. create().Axes.Select(a => (a, 1))])[0];
        foreach (var dtype in Settings.EffectiveDTypes)
        {
            run.Case($"weights, {dtype}", () =>
            {
                using var moved = new RankModel(create(), mesh, Variant, Settings, dtype);
                using var plain = TinyModel.Make(Variant, Settings, dtype);
                foreach (var (parameter, kept) in moved.Parameters.Zip(plain.Parameters))
                {
                    run.Same(parameter.Path, Weights.Copy(kept), Weights.Copy(parameter));
                }
            });
        }

        if (create().Wrappers(mesh) is { } wrappers)
        {
            foreach (var result in new ModuleSuite(() => wrappers, Settings).Run("Outputs and gradients"))
            {
                foreach (var failure in result.Failures)
                {
                    run.Fail(failure);
                }
            }
        }
    }

    private void Whole(CheckRun run) => EachMesh(run, (meshes, dtype) =>
    {
        using var plain = TinyModel.Make(Variant, Settings, dtype);
        var expected = plain.Parameters.Select(p => (p.Path, Ranks.Numbers(Weights.Copy(p)))).ToList();
        var ranks = Ranks.Run(meshes, mesh =>
        {
            using var moved = new RankModel(create(), mesh, Variant, Settings, dtype);
            return moved.Parameters.Select(p => Ranks.Numbers(Weights.Copy(p))).ToList();
        });
        foreach (var (rank, weights) in ranks.Index())
        {
            foreach (var ((path, wanted), actual) in expected.Zip(weights))
            {
                run.That(wanted.SequenceEqual(actual), $"rank {rank}: {path} is not the whole weight when rented");
            }
        }
    });

    private void Reduced(CheckRun run)
    {
        var axis = create().Axes.FirstOrDefault(a => a is "dp" or "fsdp" or "cp");
        if (axis is null)
        {
            run.Skip("none of its axes splits the tokens (dp, fsdp, cp)");
        }

        foreach (var dtype in Settings.EffectiveDTypes)
        {
            run.Case($"two ranks along {axis}, {dtype}", () =>
            {
                var ranks = Ranks.Run(ThreadMesh.Create((axis!, 2)), mesh =>
                {
                    using var moved = new RankModel(create(), mesh, Variant, Settings, dtype);
                    return moved.Reduce().Select(g => (g.Name, g.Tensor.eq(Scalars.Of(3.0)).all().item<bool>())).ToList();
                });
                foreach (var (rank, (path, summed)) in ranks.SelectMany((r, i) => r.Select(p => (i, p))))
                {
                    run.That(summed, $"rank {rank}: the gradient of {path} is not the sum over both ranks");
                }

                run.That(true, "");
            });
        }
    }

    private void Repeated(CheckRun run) => EachMesh(run, (meshes, dtype) =>
    {
        List<double[]>[] Once() => [.. Ranks.Run(meshes, mesh =>
        {
            using var moved = new RankModel(create(), mesh, Variant, Settings, dtype);
            return moved.Call().Select(r => Ranks.Numbers(r.Tensor)).ToList();
        })];

        foreach (var (rank, (first, second)) in Once().Zip(Once()).Index())
        {
            run.That(first.Zip(second).All(p => p.First.SequenceEqual(p.Second)), $"rank {rank}: two runs differ in their bits");
        }
    });

    private void Leaks(CheckRun run) => run.Case("two ranks", () =>
    {
        var meshes = ThreadMesh.Create([.. create().Axes.Take(1).Select(a => (a, 2))]);
        var ranks = Ranks.Run(meshes, mesh => new RankModel(create(), mesh, Variant, Settings, Settings.FirstDType));
        Conduct.LeavesNothing(run, new Workload([], () =>
        {
            Ranks.Run(meshes, mesh => ranks[mesh.Rank].Call().Count);
            return [];
        }));
        foreach (var rank in ranks)
        {
            rank.Dispose();
        }
    });

    private void Threads(CheckRun run) => run.Case("one rank", () =>
    {
        var mesh = ThreadMesh.Create([.. create().Axes.Select(a => (a, 1))])[0];
        using var moved = new RankModel(create(), mesh, Variant, Settings, Settings.FirstDType);
        Conduct.AnyThread(run, new Workload([], moved.Call), Tolerance.Of(Settings.FirstDType));
    });

    private void Norms(CheckRun run) => run.Case("norm axes", () =>
    {
        using var model = Make();
        var parallelism = create();
        foreach (var parameter in model.Parameters)
        {
            run.That(parallelism.NormAxes(parameter).All(parallelism.Axes.Contains), $"{parameter.Path}: its norm is summed over an axis that is not the plugin's");
        }
    });

    private void EachMesh(CheckRun run, Action<IReadOnlyList<IDeviceMesh>, ScalarType> check)
    {
        foreach (var (name, meshes) in Meshes())
        {
            foreach (var dtype in Settings.EffectiveDTypes)
            {
                run.Case($"{name}, {dtype}", () => check(meshes, dtype));
            }
        }
    }

    private TinyModel Make() => TinyModel.Make(Variant, Settings, ScalarType.Float32);

    private static List<(ModuleSite Site, Parameter Parameter)> Parameters(TinyModel model) => RankModel.ParametersOf(model);

    private static string Text(Placement placement)
        => string.Join(';', placement.ShardedDimensions.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key}:{s.Value}")) + $"/{placement.Alignment}";
}
