using Neoteny.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>What every <see cref="ILoss"/> must do.</summary>
public sealed class LossSuite : ConformanceSuite
{
    /// <summary>What one process can demand; a shard of the vocabulary needs several.</summary>
    private static readonly LossFeatures[] Semantics =
    [
        LossFeatures.Softcap, LossFeatures.LabelSmoothing, LossFeatures.ZLoss, LossFeatures.TokenWeights, LossFeatures.Bias, LossFeatures.PerToken, LossFeatures.AdaptedHead,
    ];

    private readonly Lazy<ILoss> loss;

    /// <summary>Creates the suite.</summary>
    /// <param name="create">Makes an instance as the host does; called by the first check, and again where construction itself is checked.</param>
    /// <param name="settings">Device, dtypes and seed; null for the CPU.</param>
    public LossSuite(Func<ILoss> create, ConformanceSettings? settings = null)
        : base("loss", settings)
    {
        loss = new Lazy<ILoss>(create);
        Add("Loss and gradients agree with the reference", Results);
        Add("Large vocabularies agree with the reference", run => Each(run, LossCase.Large, [ScalarType.Float32]));
        Add("What it supports it computes", Honest);
        Add("Ignored labels cost nothing", Ignored);
        Add("Extreme logits stay finite", Extreme);
        Add("Gradients are wanted before they are made", Wanted);
        Add("Gradients are added to those already there", Added);
        Add("The same inputs give the same bits on the CPU", Deterministic);
        Add("Inputs stay as they are", run => Conducted(run, Conduct.InputsStay));
        Add("Nothing but the results stays alive", run => Conducted(run, Conduct.LeavesNothing));
        Add("Any thread may call it", run => Conducted(run, (r, w) => Conduct.AnyThread(r, w, Tolerance.Of(Settings.FirstDType))));
        Add("Construction is cheap", run => Construction.Check(run, create));
    }

    private LossFeatures Supports => loss.Value.Supports;

    /// <summary>Everything supported at once.</summary>
    private LossFeatures All => Semantics.Aggregate(LossFeatures.None, (f, s) => f | (s & Supports));

    private IEnumerable<LossFeatures> Demands => Semantics.Where(s => Supports.HasFlag(s)).Prepend(LossFeatures.None).Append(All).Distinct();

    private void Results(CheckRun run)
    {
        Each(run, LossCase.Sizes, Settings.EffectiveDTypes);
        Each(run, [.. Demands.Skip(1).Select(d => new LossCase($"{d}", 17, 31, 97) { Demands = d })], Settings.EffectiveDTypes);
        Each(run, [new LossCase("strided", 9, 16, 33) { Strided = true }], Settings.EffectiveDTypes);

        // The smallest number of fp16 is 6e-8.
        Each(run, [new LossCase("tiny scale", 9, 16, 33) { Scale = 1e-6, Demands = All }], [.. Settings.EffectiveDTypes.Where(d => d != ScalarType.Float16)]);
    }

    private void Each(CheckRun run, IReadOnlyList<LossCase> cases, IReadOnlyList<ScalarType> dtypes)
    {
        foreach (var dtype in dtypes.Intersect(Settings.EffectiveDTypes))
        {
            foreach (var problem in cases)
            {
                Case(run, problem, dtype, p => LossComparison.Compare(run, loss.Value, p, dtype));
            }
        }
    }

    private void Honest(CheckRun run)
    {
        var known = Semantics.Aggregate(LossFeatures.VocabularyShard, (f, s) => f | s);
        run.That((Supports & ~known) == 0, $"it claims {Supports & ~known}, which this version of the kit does not know");
        run.That(Supports == loss.Value.Supports, "Supports changes from call to call");

        // A claimed semantic must change the result: one that is ignored would else pass where its parameter happens to matter little.
        foreach (var feature in Semantics.Where(s => Supports.HasFlag(s) && s != LossFeatures.PerToken))
        {
            run.Case($"{feature}", () =>
            {
                var (with, without) = (new LossCase("", 7, 16, 33) { Demands = feature }, new LossCase("", 7, 16, 33));
                run.That(Math.Abs(Value(with) - Value(without)) > 1e-6, "the result is the same with and without it");
            });
        }
    }

    private double Value(LossCase @case)
    {
        using var problem = LossProblem.Make(@case, Settings, Settings.FirstDType);
        return loss.Value.Compute(problem.Input).Loss.item<float>();
    }

    private void Ignored(CheckRun run)
    {
        var labels = new IgnoredLabelChecks(run, loss.Value);
        foreach (var dtype in Settings.EffectiveDTypes)
        {
            Case(run, new LossCase("all ignored", 5, 7, 11) { Ignored = IgnoredLabels.All, Demands = All }, dtype, labels.All);
            Case(run, new LossCase("some ignored", 6, 7, 11) { Demands = All }, dtype, labels.Some);
        }
    }

    private void Extreme(CheckRun run)
    {
        List<LossCase> cases = [new("logits of 1e4", 7, 16, 33) { Spread = 1e4 / 2, Slack = 16, Ignored = IgnoredLabels.None }];
        if (Supports.HasFlag(LossFeatures.Softcap))
        {
            cases.Add(cases[0] with { Name = "logits of 1e4 under a softcap", Demands = LossFeatures.Softcap, Softcap = 30 });
        }

        // fp16 ends at 65504, which logits of this size pass.
        foreach (var dtype in Settings.EffectiveDTypes.Where(d => d != ScalarType.Float16))
        {
            foreach (var problem in cases)
            {
                Case(run, problem, dtype, p => LossComparison.Compare(run, loss.Value, p, dtype));
            }
        }
    }

    private void Wanted(CheckRun run)
    {
        var dtype = Settings.FirstDType;
        Case(run, new LossCase("no gradients wanted", 5, 7, 11) { Demands = All }, dtype, needsGradient: false, check: problem =>
        {
            var expected = LossReference.Run(problem.Input);
            var actual = loss.Value.Compute(problem.Input);
            run.Close("loss", expected.Loss, actual.Loss.item<float>(), Tolerance.Of(dtype));
            run.That(actual.HiddenGradient is null, "hidden gradient: was computed, though nobody wants it");
            foreach (var (name, gradient, _) in problem.HeadGradients())
            {
                run.That(gradient is null, $"{name}: was computed, though nobody wants it");
            }
        });
        Case(run, new LossCase("frozen head", 5, 7, 11) { Demands = All, HeadTrains = false }, dtype, p => LossComparison.Compare(run, loss.Value, p, dtype));
    }

    /// <summary>Several micro-batches and a tied embedding add to one gradient.</summary>
    private void Added(CheckRun run)
    {
        foreach (var dtype in Settings.EffectiveDTypes)
        {
            Case(run, new LossCase("two calls", 9, 16, 33) { Demands = All }, dtype, problem =>
            {
                var expected = LossReference.Run(problem.Input);
                foreach (var parameter in problem.Head.Parameters)
                {
                    parameter.GradientType = ScalarType.Float32;
                }

                loss.Value.Compute(problem.Input);
                loss.Value.Compute(problem.Input);
                foreach (var ((name, gradient, _), reference) in problem.HeadGradients().Zip(expected.Head))
                {
                    run.Close($"twice the {name}", reference.mul(Runtime.Scalars.Of(2.0)), gradient, Tolerance.Of(dtype), 1e-2);
                    run.That(gradient?.dtype == ScalarType.Float32, $"{name}: has dtype {gradient?.dtype} instead of Float32, which the parameter gathers in");
                }
            });
        }
    }

    private void Deterministic(CheckRun run)
    {
        if (Settings.Device.type != DeviceType.CPU)
        {
            run.Skip("no loss claims it on a device");
        }

        Conducted(run, Conduct.SameBits);
    }

    private void Conducted(CheckRun run, Action<CheckRun, Workload> check)
    {
        foreach (var problem in new[] { new LossCase("plain", 33, 16, 101), new LossCase("everything", 33, 16, 101) { Demands = All } })
        {
            Case(run, problem, Settings.FirstDType, p => check(run, p.Workload(loss.Value)));
        }
    }

    private void Case(CheckRun run, LossCase problem, ScalarType dtype, Action<LossProblem> check, bool needsGradient = true)
        => run.Case($"{problem.Name}, {dtype}", () =>
        {
            using var made = LossProblem.Make(problem, Settings, dtype, needsGradient);
            check(made);
        });
}
