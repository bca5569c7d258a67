using Neoteny.Attention;
using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>What every <see cref="IAttention"/> must do.</summary>
public sealed class AttentionSuite : ConformanceSuite
{
    /// <summary>The semantics that a case stands for; the others are about how it computes.</summary>
    private static readonly AttentionFeatures Semantics = AttentionCase.All.Aggregate(AttentionFeatures.None, (f, c) => f | c.Demands);

    private readonly Lazy<IAttention> kernel;

    /// <summary>Creates the suite.</summary>
    /// <param name="create">Makes an instance as the host does; called by the first check, and again where construction itself is checked.</param>
    /// <param name="settings">Device, dtypes and seed; null for the CPU.</param>
    public AttentionSuite(Func<IAttention> create, ConformanceSettings? settings = null)
        : base("attention", settings)
    {
        kernel = new Lazy<IAttention>(create);
        Add("Results agree with the reference", Results);
        Add("Gradients agree with the reference", Gradients);
        Add("Merged blocks of keys run backward from the merged output", Merged);
        Add("What it supports it computes", Honest);
        Add("What it refuses it refuses with a reason", run => AttentionRefusals.Check(run, Kernel, Possible(), Settings));
        Add("The same inputs give the same bits", Deterministic);
        Add("Calls may interleave", Interleaved);
        Add("Captured work serves other documents", Captured);
        Add("Inputs stay as they are", run => Conducted(run, Conduct.InputsStay));
        Add("Nothing but the results stays alive", run => Conducted(run, Conduct.LeavesNothing));
        Add("Any thread may call it", run => Conducted(run, (r, w) => Conduct.AnyThread(r, w, Tolerance.Of(Settings.FirstDType))));
        Add("Construction is cheap", run => Construction.Check(run, create));
    }

    private IAttention Kernel => kernel.Value;

    private AttentionFeatures Supports => Kernel.Supports;

    private void Results(CheckRun run) => ForEach(run, (problem, dtype, strided) =>
    {
        var expected = AttentionReference.Run(problem.Input, problem.OutputGradient);
        var output = Kernel.Forward(problem.Input);
        run.That(output.Output.dtype == dtype, $"output: has dtype {output.Output.dtype} instead of {dtype}");
        run.That(output.Output.is_contiguous(), "output: is not contiguous");
        run.Close("output", expected.Output, output.Output, problem.Tolerance, problem.Floor);
        if (output.LogSumExp is { } lse)
        {
            run.That(lse.dtype == ScalarType.Float32, $"log-sum-exp: has dtype {lse.dtype} instead of Float32");
            run.Close("log-sum-exp", expected.LogSumExp, lse, problem.Tolerance, Math.Sqrt(lse.numel()));
        }
        else
        {
            run.That(!Supports.HasFlag(AttentionFeatures.LogSumExp), "log-sum-exp: missing, though supported");
        }
    });

    private void Gradients(CheckRun run)
    {
        ForEach(run, (problem, dtype, strided) => AttentionComparison.Compare(run, problem, dtype, problem.Run(Kernel).Gradients));
        foreach (var dtype in Settings.EffectiveDTypes)
        {
            Case(run, new AttentionCase("without backward", 4, 2, 16, 7, 3), dtype, strided: false, needsBackward: false, problem =>
                run.Close("output", AttentionReference.Run(problem.Input, problem.OutputGradient).Output, Kernel.Forward(problem.Input).Output, problem.Tolerance, problem.Floor));
        }
    }

    private void Merged(CheckRun run)
    {
        if (!Supports.HasFlag(AttentionFeatures.LogSumExp) || !Supports.HasFlag(AttentionFeatures.UnequalLengths))
        {
            run.Skip("it does not claim LogSumExp and UnequalLengths");
        }

        foreach (var dtype in Settings.EffectiveDTypes)
        {
            Case(run, MergedBlocks.Problem, dtype, strided: false, needsBackward: true, problem => MergedBlocks.Check(run, Kernel, problem, Settings));
        }
    }

    private void Honest(CheckRun run)
    {
        var known = Semantics | AttentionFeatures.LogSumExp | AttentionFeatures.Deterministic | AttentionFeatures.Program;
        run.That((Supports & ~known) == 0, $"it claims {Supports & ~known}, which this version of the kit does not know");
        run.That(Supports == Kernel.Supports, "Supports changes from call to call");
        foreach (var feature in Enum.GetValues<AttentionFeatures>().Where(f => f != 0 && Semantics.HasFlag(f) && Supports.HasFlag(f)))
        {
            var cases = Possible().Where(c => c.Demands.HasFlag(feature)).ToList();
            run.That(
                cases.Any(c => Settings.EffectiveDTypes.Any(d => Kernel.Refuses(c.Spec, d, Settings.Device) is null)),
                $"it claims {feature} and refuses every case of it on {Settings.Device}: {cases.Select(c => Kernel.Refuses(c.Spec, Settings.FirstDType, Settings.Device)).FirstOrDefault()}");
        }

        var plain = AttentionCase.All.Where(c => (c.Demands & ~(AttentionFeatures.Causal | AttentionFeatures.GroupedHeads)) == 0).ToList();
        run.That(
            plain.Any(c => Runs(c) && Settings.EffectiveDTypes.Any(d => Kernel.Refuses(c.Spec, d, Settings.Device) is null)),
            "it refuses plain causal attention in every dtype, so nothing was compared");
    }

    private void Deterministic(CheckRun run)
    {
        if (!Supports.HasFlag(AttentionFeatures.Deterministic))
        {
            run.Skip("it does not claim Deterministic");
        }

        // On a device the claim is about libtorch's deterministic mode; elsewhere it holds always.
        var before = Determinism.IsOn;
        Determinism.Set(before || Settings.Device.type != DeviceType.CPU);
        try
        {
            ForEach(run, (problem, dtype, strided) =>
            {
                if (!strided)
                {
                    Conduct.SameBits(run, problem.Workload(Kernel));
                }
            });
        }
        finally
        {
            Determinism.Set(before);
        }
    }

    /// <summary>An implementation that keeps something between forward and backward mixes up layers.</summary>
    private void Interleaved(CheckRun run)
    {
        foreach (var dtype in Accepted(Typical))
        {
            Case(run, Typical, dtype, strided: false, needsBackward: true, first =>
            {
                using var second = AttentionProblem.Make(Typical with { Lengths = [5, 1, 11, 2] }, new ConformanceSettings { Device = Settings.Device, Seed = Settings.Seed + 1 }, dtype);
                var (a, b) = (Kernel.Forward(first.Input), Kernel.Forward(second.Input));
                AttentionComparison.Compare(run, first, dtype, first.Backward(Kernel, a));
                AttentionComparison.Compare(run, second, dtype, second.Backward(Kernel, b));
            });
        }
    }

    private void Captured(CheckRun run)
    {
        var any = false;
        ForEach(run, (problem, dtype, strided) => any |= CapturedRows.Check(run, Kernel, problem, dtype));
        if (!any)
            run.Skip("its work is for one layout each");
    }

    private static AttentionCase Typical { get; } = new("typical", 4, 2, 32, 7, 1, 30, 12);

    private void Conducted(CheckRun run, Action<CheckRun, Workload> check)
    {
        // A long document too: some kernels take another path there, with buffers of their own.
        foreach (var (problem, dtype) in new[] { Typical, new AttentionCase("longer", 4, 2, 64, 200), Everything() }.SelectMany(c => Accepted(c).Take(1).Select(d => (c, d))))
        {
            Case(run, problem, dtype, strided: false, needsBackward: true, p => check(run, p.Workload(Kernel)));
        }
    }

    /// <summary>The supported case with the most semantics.</summary>
    private AttentionCase Everything() => Possible().OrderByDescending(c => System.Numerics.BitOperations.PopCount((ulong)c.Demands)).First();

    private IEnumerable<AttentionCase> Possible() => AttentionCase.All.Where(Runs);

    private bool Runs(AttentionCase problem) => (problem.Demands & ~Supports) == 0;

    private IEnumerable<ScalarType> Accepted(AttentionCase problem)
        => Runs(problem) ? Settings.EffectiveDTypes.Where(d => Kernel.Refuses(problem.Spec, d, Settings.Device) is null) : [];

    private void ForEach(CheckRun run, Action<AttentionProblem, ScalarType, bool> check)
    {
        foreach (var problem in Possible())
        {
            foreach (var dtype in Accepted(problem))
            {
                foreach (var strided in new[] { false, true })
                {
                    Case(run, problem, dtype, strided, needsBackward: true, p => check(p, dtype, strided));
                }
            }
        }
    }

    private void Case(CheckRun run, AttentionCase problem, ScalarType dtype, bool strided, bool needsBackward, Action<AttentionProblem> check)
    {
        if (!Accepted(problem).Contains(dtype))
        {
            return;
        }

        run.Case($"{problem.Name}, {dtype}{(strided ? ", strided" : "")}", () =>
        {
            using var made = AttentionProblem.Make(problem, Settings, dtype, strided, needsBackward);
            check(made);
        });
    }
}
