using System.Runtime.CompilerServices;
using Neoteny.Host.Composition;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;
using Neoteny.Host.Runs;
using Neoteny.Modules;
using TorchSharp;

namespace Neoteny.Host.Swap;

/// <summary>Makes a prepared swap, all of it or nothing, on the compute thread between two optimizer steps.</summary>
internal sealed class SwapExchange(RunContext run, ModelSession session)
{
    /// <summary>Exchanges, and lets go of what is no longer used.</summary>
    /// <returns>The load contexts of the plugins that went.</returns>
    /// <exception cref="SwapRefusedException">A module override does not do; everything is as it was.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public IReadOnlyList<RetiredPlugin> Apply(PreparedSwap swap)
    {
        if (session.Model.Device.type == DeviceType.CUDA)
        {
            torch.cuda.synchronize();
        }

        var (old, next) = (swap.Candidate.Replaces, swap.Next);
        var before = new InUse(session.Composition);
        if (next is not null)
        {
            // A version takes over what swaps did to the one before it; of a plugin that is new to the run, only what was asked for comes in.
            next.Switched = old?.Switched ?? next.Modules.ToDictionary(m => m, _ => false);
            run.Plugins.Exchange(old, next);
        }

        try
        {
            var composition = Modules(swap);
            Adopt(swap, composition);
        }
        catch (Exception e)
        {
            Undo(old, next);
            throw e as SwapRefusedException ?? new SwapRefusedException(Reasons.Of(e));
        }

        return Retire(old, next, [before.Source("attention")?.Plugin, before.Source("loss")?.Plugin]);
    }

    /// <summary>Plans all overrides anew on the plain model, and puts their blocks in place.</summary>
    private List<CompositionEntry> Modules(PreparedSwap swap)
    {
        var kept = session.Composition.Where(e => e.Stage is not ("override" or "wrap"));
        if (!HasModules(swap.Next) && !HasModules(swap.Candidate.Replaces) && swap.Candidate.Module is null)
        {
            return [.. session.Composition];
        }

        var switched = Switch(swap.Candidate.Module);
        var before = session.Model.Sites.Where(s => s.Current != s.Original).Select(s => (Site: s, Block: s.Current)).ToList();
        try
        {
            Restore();
            Check(swap);
            var plan = OverridePlan.Make(session.Model, run.Plugins.Active<IModuleOverride>().Select(o => (new ExtensionSource(o.Plugin, o.Version, o.Name), o.Instance)));
            plan.Apply();
            return [.. kept, .. plan.Entries];
        }
        catch
        {
            switched();
            Restore();
            foreach (var (site, block) in before)
            {
                site.Replace(block);
            }

            throw;
        }
    }

    /// <summary>Switches a module override on or off; the result undoes it.</summary>
    private Action Switch((string Name, bool IsOn)? module)
    {
        if (module is not var (name, isOn))
        {
            return static () => { };
        }

        var owner = run.Plugins.Plugins.First(p => p.Modules.Contains(name));
        var before = owner.Switched;
        owner.Switched = new Dictionary<string, bool>(before) { [name] = isOn };
        return () => owner.Switched = before;
    }

    /// <summary>Compares what comes in with the reference.</summary>
    private void Check(PreparedSwap swap)
    {
        var shapes = Shapes.Of(session.Model, withWeights: true);
        foreach (var plugin in run.Plugins.Plugins)
        {
            foreach (var name in plugin.Modules.Where(n => plugin.IsActive(n) && (plugin == swap.Next || n == swap.Candidate.Module?.Name)))
            {
                Shapes.Check($"module '{name}'", plugin.Extension(typeof(IModuleOverride), name), shapes);
            }
        }
    }

    private void Restore()
    {
        foreach (var site in session.Model.Sites)
        {
            site.Restore();
        }
    }

    /// <summary>From here on the new ones compute; nothing in it can fail.</summary>
    private void Adopt(PreparedSwap swap, List<CompositionEntry> composition)
    {
        if (swap.Attention is { } attention)
        {
            session.Model.Attention.Exchange(attention);
            Rename(composition, "attention", swap.Candidate.Attention!);
        }

        if (swap.Loss is { } loss)
        {
            session.Loss = loss;
            Rename(composition, "loss", swap.Candidate.Loss!);
        }

        session.Composition = composition;

        // A copy that the old version derived may have another layout under the same name.
        foreach (var parameter in session.Model.Parameters)
        {
            parameter.Touch();
        }
    }

    private void Rename(List<CompositionEntry> composition, string stage, string name)
    {
        var provider = run.Plugins.Plugins.First(p => p.Manifest.Provides.Any(n => n.PointLabel == stage && n.Name == name)).Manifest;
        var index = composition.FindIndex(e => e.Stage == stage);
        composition[index] = new CompositionEntry(stage, new ExtensionSource(provider.Id, provider.Version.ToString(), name), []);
    }

    private void Undo(LoadedPlugin? old, LoadedPlugin? next)
    {
        if (next is null)
        {
            return;
        }

        if (old is null)
        {
            run.Plugins.Remove(next);
        }
        else
        {
            run.Plugins.Exchange(next, old);
        }
    }

    /// <summary>Frees the version that was replaced, and of those that computed before the ones of which nothing is in use any more.</summary>
    private List<RetiredPlugin> Retire(LoadedPlugin? old, LoadedPlugin? next, IReadOnlyList<string?> before)
    {
        if (next is not null)
        {
            run.Plugins.MarkActive(next);
        }

        var used = new InUse(session.Composition);
        var idle = run.Plugins.Plugins.Where(p => p != next && before.Contains(p.Manifest.Id) && IsExchangeable(p) && used.Of(p.Manifest.Id).Count == 0);
        return [.. (old is null ? [] : new[] { old }).Concat(idle).ToList().Select(p => new RetiredPlugin(p.Manifest.ToString(), run.Plugins.Retire(p)))];
    }

    /// <summary>Whether a plugin does nothing but what a swap can choose otherwise.</summary>
    private static bool IsExchangeable(LoadedPlugin plugin) =>
        plugin.Manifest.Provides.Count > 0 && plugin.Manifest.Provides.All(p => p.PointLabel is "attention" or "loss");

    private static bool HasModules(LoadedPlugin? plugin) => plugin?.Modules.Any() == true;
}
