using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Offload;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>What every <see cref="IOffload"/> must do.</summary>
public sealed class OffloadSuite : ConformanceSuite
{
    private readonly Lazy<IOffload> offload;

    /// <summary>Creates the suite.</summary>
    /// <param name="create">Makes an instance as the host does.</param>
    /// <param name="settings">Device, dtypes and seed; null for the CPU.</param>
    public OffloadSuite(Func<IOffload> create, ConformanceSettings? settings = null)
        : base("offload", settings)
    {
        offload = new Lazy<IOffload>(create);
        Add("It stores activations, homes weights or hears segments", Useful);
        Add("Saved tensors come back bit for bit in reverse order", run => Store(run).ComeBack());
        Add("Released tensors are freed", run => Store(run).AreFreedWhenReleased());
        Add("Weights come home bit for bit", Homed);
        Add("Updates of a trained weight last", Updated);
        Add("A step gives the same bits as without it", Steps);
        Add("An abandoned step leaves nothing", Abandoned);
        Add("Inputs stay as they are", Unchanged);
        Add("Nothing but the results stays alive", run => Conducted(run, (_, w) => Conduct.LeavesNothing(run, w)));
        Add("Any thread may call it", run => Conducted(run, (_, w) => Conduct.AnyThread(run, w, Tolerance.Of(Settings.FirstDType))));
        Add("Construction is cheap", run => Construction.Check(run, create));
    }

    private IOffload Offload => offload.Value;

    private static ModuleVariant Variant { get; } = ModuleVariant.All[0];

    private void Useful(CheckRun run)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModel.Make(Variant, Settings, Settings.FirstDType);
        var homes = model.Sites.SelectMany(s => s.Parameters.Select(p => Offload.Home(s, p))).Any(h => h is not null);
        run.That(homes || Offload.Saved is not null || Offload.Segments is not null, "it does none of these for a plain model");
    }

    private void Homed(CheckRun run) => ForEachHome(run, trains: false, (parameter, home) =>
    {
        var before = Weights.Copy(parameter);
        parameter.MoveTo(home);
        for (var i = 0; i < 3; i++)
        {
            run.Same(parameter.Path, before, Weights.Copy(parameter));
        }

        using (parameter.Rent())
        using (var second = parameter.Rent())
        {
            run.Same($"{parameter.Path}, rented twice at once", before, second.Tensor.clone());
        }

        run.That(parameter.Device.type == Settings.Device.type, $"{parameter.Path}: is rented on {parameter.Device}");
    });

    private void Updated(CheckRun run) => ForEachHome(run, trains: true, (parameter, home) =>
    {
        var before = Weights.Copy(parameter);
        parameter.MoveTo(home);
        parameter.Update(w => w.add_(ones_like(w), Scalars.One));
        run.Same($"{parameter.Path} after an update by one", before.add(ones_like(before), Scalars.One), Weights.Copy(parameter));
    });

    private void Steps(CheckRun run)
    {
        foreach (var dtype in Settings.EffectiveDTypes)
        {
            foreach (var (trains, checkpoint) in new[] { (true, false), (false, false), (true, true) })
            {
                run.Case($"{dtype}{(trains ? "" : ", frozen")}{(checkpoint ? ", checkpointed" : "")}", () =>
                {
                    using TinyModel plain = Make(dtype, trains), moved = Make(dtype, trains);
                    MoveAll(moved);
                    var (x, gradient) = Draw(dtype);
                    var (expected, actual) = (Step(plain, x, gradient, checkpoint, null), Step(moved, x, gradient, checkpoint, Offload));
                    foreach (var ((name, a), (_, b)) in expected.All.Zip(actual.All))
                    {
                        run.Same(name, a, b);
                    }
                });
            }
        }
    }

    private void Abandoned(CheckRun run) => run.Case("no backward", () =>
    {
        using var model = Make(Settings.FirstDType, trains: true);
        MoveAll(model);
        var (x, gradient) = Draw(Settings.FirstDType);
        Conduct.LeavesNothing(run, new Workload([], () =>
        {
            Step(model, x, gradient, checkpoint: false, Offload, backward: false);
            return [];
        }));
    });

    private void Unchanged(CheckRun run) => Conducted(run, (model, workload) =>
    {
        var before = model.Parameters.Select(Weights.Copy).ToList();
        Conduct.InputsStay(run, workload);
        foreach (var (parameter, copy) in model.Parameters.Zip(before))
        {
            run.Same($"{parameter.Path} after a step", copy, Weights.Copy(parameter));
        }
    });

    /// <summary>One call is a training step.</summary>
    private void Conducted(CheckRun run, Action<TinyModel, Workload> check) => run.Case("steps", () =>
    {
        using var model = Make(Settings.FirstDType, trains: true);
        MoveAll(model);
        var (x, gradient) = Draw(Settings.FirstDType);
        check(model, new Workload([("x", x), ("output gradient", gradient)], () => [.. Step(model, x, gradient, checkpoint: false, Offload).All]));
    });

    private (Tensor X, Tensor Gradient) Draw(ScalarType dtype)
    {
        using var draw = Settings.Draw();
        return (draw.Normal(dtype, 9, Variant.Hidden), draw.Normal(dtype, 9, Variant.Hidden));
    }

    private SavedTensorChecks Store(CheckRun run)
    {
        if (Offload.Saved is null)
        {
            run.Skip("it leaves activations where they are");
        }

        return new SavedTensorChecks(run, Offload.Saved!, Settings);
    }

    private TinyModel Make(ScalarType dtype, bool trains) => TinyModel.Make(Variant with { Trains = trains }, Settings, dtype);

    private void MoveAll(TinyModel model)
    {
        foreach (var (site, parameter) in model.Sites.SelectMany(s => s.Parameters.Select(p => (s, p))))
        {
            if (Offload.Home(site, parameter) is { } home)
            {
                parameter.MoveTo(home);
            }
        }
    }

    /// <summary>Three segments over the MLP, as three layers: enough for a store to be read in reverse and ahead.</summary>
    private static SiteRun Step(TinyModel model, Tensor x, Tensor gradient, bool checkpoint, IOffload? with, bool backward = true)
    {
        var mlp = (IGatedMlp)model.At("model.layers.0.mlp").Current;
        using var tape = new Tape(new TapeOptions { Store = with?.Saved, Observers = with?.Segments is { } s ? [s] : [] });
        var input = tape.Input(x);
        var value = input;
        for (var layer = 0; layer < 3; layer++)
        {
            value = tape.Segment($"model.layers.{layer}", v => [mlp.Forward(tape, v[0])], [value], checkpoint)[0];
        }

        var output = value.Tensor.clone();
        if (!backward)
        {
            return new SiteRun([output], [], []);
        }

        tape.AddLoss(value, gradient);
        tape.Backward();
        var gradients = model.Parameters.Select(p => (p.Path, p.Gradient?.clone())).ToList();
        foreach (var parameter in model.Parameters)
        {
            parameter.SetGradient(null);
        }

        return new SiteRun([output], [tape.GradientOf(input)?.clone()], gradients);
    }

    private void ForEachHome(CheckRun run, bool trains, Action<Parameter, IWeightHome> check)
    {
        var homes = 0;
        foreach (var dtype in Settings.EffectiveDTypes)
        {
            run.Case($"{dtype}", () =>
            {
                using var model = Make(dtype, trains);
                foreach (var (site, parameter) in model.Sites.SelectMany(s => s.Parameters.Select(p => (s, p))))
                {
                    if (Offload.Home(site, parameter) is { } home)
                    {
                        homes++;
                        check(parameter, home);
                    }
                }
            });
        }

        if (homes == 0)
        {
            run.Skip(trains ? "it leaves trained weights where they are" : "it leaves weights where they are");
        }
    }
}
