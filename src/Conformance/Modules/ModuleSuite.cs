using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>What every <see cref="IModuleOverride"/> must do, for each site that it claims of a tiny model.</summary>
public sealed class ModuleSuite : ConformanceSuite
{
    private readonly Lazy<IModuleOverride> module;

    /// <summary>Creates the suite.</summary>
    /// <param name="create">Makes an instance as the host does; called by the first check, and again where construction itself is checked.</param>
    /// <param name="settings">Device, dtypes and seed; null for the CPU.</param>
    public ModuleSuite(Func<IModuleOverride> create, ConformanceSettings? settings = null)
        : base("module", settings)
    {
        module = new Lazy<IModuleOverride>(create);
        Add("Claims are sites of the model", run => new ModuleClaims(run, Module, Settings).AreSites());
        Add("Outputs and gradients agree with the reference", Results);
        Add("What it supports it computes", run => new ModuleClaims(run, Module, Settings).AreComputed());
        Add("Weights are read anew in every call", Fresh);
        Add("Nested blocks that it does not cover still run", run => new NestedBlocks(run, Module, Settings).Check());
        Add("A wrapper calls what it wraps", Wraps);
        Add("A replayed segment gives the same bits", Replayed);
        Add("Captured work serves other inputs", Captured);
        Add("Nothing is saved without recording", Silent);
        Add("Dropout drops in training only, and alike in both passes", run => new DropoutCheck(run, Module, Settings).Check());
        Add("The same inputs give the same bits on the CPU", Deterministic);
        Add("Inputs stay as they are", run => Conducted(run, Conduct.InputsStay));
        Add("Nothing but the results stays alive", run => Conducted(run, Conduct.LeavesNothing));
        Add("Any thread may call it", run => Conducted(run, (r, w) => Conduct.AnyThread(r, w, Tolerance.Of(Settings.FirstDType))));
        Add("Construction is cheap", run => Construction.Check(run, create));
    }

    private IModuleOverride Module => module.Value;

    private void Results(CheckRun run) => ForEach(run, Settings.EffectiveDTypes, (model, site, dtype) =>
    {
        using var exact = TinyModel.ExactCopyOf(model);
        var block = Install(site);
        foreach (var call in SiteCalls.Of(site, model.Variant.Lengths, Settings, dtype))
        {
            using var _ = call;
            Compare(run, call, model, exact, site, block, dtype);
        }

        site.Restore();
        run.That(ReferenceEquals(site.Current, site.Original), "restoring does not give the plain block back");
    }, v => v.Dropout == 0);

    private static void Compare(CheckRun run, SiteCall call, TinyModel model, TinyModel exact, ModuleSite site, IBlock block, ScalarType dtype)
    {
        using var exactCall = call.Exact();
        var expected = exactCall.Run(exact.At(site.Path).Original, exact.Parameters);
        var actual = call.Run(block, model.Parameters);
        foreach (var output in actual.Outputs)
        {
            run.That(output.dtype == dtype, $"{call.Name}: an output has dtype {output.dtype} instead of {dtype}");
        }

        SiteComparison.Compare(run, call.Name, expected, actual, call.Slack * Tolerance.Of(dtype));
    }

    /// <summary>Renting anew is what lets the optimizer, offloading and sharding change weights under a block.</summary>
    private void Fresh(CheckRun run) => ForEach(run, [Settings.FirstDType], (model, site, dtype) =>
    {
        var block = Install(site);
        var calls = SiteCalls.Of(site, model.Variant.Lengths, Settings, dtype);
        foreach (var call in calls)
        {
            call.Run(block, model.Parameters);
        }

        foreach (var parameter in model.Parameters)
        {
            parameter.Update(w => w.mul_(Runtime.Scalars.Of(1.25)));
        }

        using var exact = TinyModel.ExactCopyOf(model);
        foreach (var call in calls)
        {
            using var _ = call;
            Compare(run, call, model, exact, site, block, dtype);
        }
    }, v => v.Name is "plain" or "deltas" || v.LayerNorm);

    private void Wraps(CheckRun run)
    {
        if (Module.Kind != OverrideKind.Wrap)
        {
            run.Skip("it replaces");
        }

        ForEach(run, [Settings.FirstDType], (model, site, dtype) =>
        {
            var probe = Probe.Around(site.Original);
            if (probe is null)
            {
                return;
            }

            site.Replace(probe);
            var block = Install(site);
            foreach (var call in SiteCalls.Of(site, model.Variant.Lengths, Settings, dtype).Take(1))
            {
                using var _ = call;
                call.Run(block, model.Parameters);
            }

            run.That(((IProbe)probe).Calls > 0, "the block that it wraps was not called");
        }, v => v.Name == "plain");
    }

    private void Replayed(CheckRun run) => ForEach(run, [Settings.FirstDType], (model, site, dtype) =>
    {
        var block = Install(site);
        foreach (var call in SiteCalls.Of(site, model.Variant.Lengths, Settings, dtype))
        {
            using var _ = call;
            var (once, replayed) = (call.Run(block, model.Parameters), call.Run(block, model.Parameters, checkpoint: true));
            foreach (var ((name, a), (_, b)) in once.All.Zip(replayed.All))
            {
                run.Close($"{call.Name}, {name}", a, b, Settings.Device.type == DeviceType.CPU ? 1e-12 : Tolerance.Of(dtype));
            }
        }
    }, v => v.Name is "plain" or "deltas with dropout" || v.LayerNorm);

    private void Captured(CheckRun run)
    {
        if (Settings.Device.type != DeviceType.CUDA)
        {
            run.Skip("work is captured on a GPU only");
        }

        var any = false;
        ForEach(run, [Settings.FirstDType], (model, site, dtype) =>
        {
            var block = Install(site);
            if (!block.IsCapturable)
            {
                return;
            }

            any = true;
            foreach (var call in SiteCalls.Of(site, model.Variant.Lengths, Settings, dtype))
            {
                using var _ = call;
                CapturedCalls.Check(run, model, block, call, Tolerance.Of(dtype));
            }
        }, v => v.Name is "plain" or "deltas" || v.LayerNorm);
        if (!any)
        {
            run.Skip("none of its blocks says that it may be captured");
        }
    }

    private void Silent(CheckRun run) => ForEach(run, [Settings.FirstDType], (model, site, dtype) =>
    {
        using var exact = TinyModel.ExactCopyOf(model);
        var block = Install(site);
        foreach (var call in SiteCalls.Of(site, model.Variant.Lengths, Settings, dtype))
        {
            using var _ = call;
            using var exactCall = call.Exact();
            var quiet = new TapeOptions { Recording = false };
            var (expected, actual) = (exactCall.Run(exact.At(site.Path).Original, [], quiet), call.Run(block, model.Parameters, quiet));
            SiteComparison.Compare(run, call.Name, expected, actual, call.Slack * Tolerance.Of(dtype));
            run.That(actual.Parameters.All(p => p.Gradient is null), $"{call.Name}: gradients were made without recording");
        }
    });

    private void Deterministic(CheckRun run)
    {
        if (Settings.Device.type != DeviceType.CPU)
        {
            run.Skip("no override claims it on a device");
        }

        Conducted(run, Conduct.SameBits);
    }

    private void Conducted(CheckRun run, Action<CheckRun, Workload> check) => ForEach(run, [Settings.FirstDType], (model, site, dtype) =>
    {
        var block = Install(site);
        foreach (var call in SiteCalls.Of(site, model.Variant.Lengths, Settings, dtype).TakeLast(1))
        {
            using var _ = call;
            var weights = model.Parameters.Select(p => (p.Path, Weights.Own(p)));
            check(run, new Workload(
                [.. call.Inputs.Select((t, i) => ($"input {i}", t)), .. weights],
                () => [.. call.Run(block, model.Parameters, new TapeOptions()).All]));
        }
    }, v => v.Name is "plain" or "deltas" || v.LayerNorm, oneSiteOfEachRole: true);

    private IBlock Install(ModuleSite site)
    {
        site.Replace(Module.Replace(site));
        return site.Current;
    }

    private void ForEach(
        CheckRun run, IReadOnlyList<ScalarType> dtypes, Action<TinyModel, ModuleSite, ScalarType> check, Func<ModuleVariant, bool>? which = null, bool oneSiteOfEachRole = false)
        => ModuleCases.ForEach(run, Module, Settings, dtypes, check, which, oneSiteOfEachRole);
}
