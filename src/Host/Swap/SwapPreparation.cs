using Neoteny.Attention;
using Neoteny.Conformance;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;
using Neoteny.Host.Runs;
using Neoteny.Losses;

namespace Neoteny.Host.Swap;

/// <summary>Does everything slow about a swap while the run goes on: loads beside, binds and checks options, creates, compares with the reference.</summary>
/// <remarks>
/// Runs beside the training thread, so it touches no weight of the model and no global state of libtorch: the checks draw their inputs from
/// generators of their own. Module overrides compute with the model's weights, hence they are compared at the boundary (<see cref="SwapExchange"/>).
/// </remarks>
internal sealed class SwapPreparation(RunContext run, ModelSession session)
{
    /// <summary>Prepares a swap.</summary>
    /// <exception cref="SwapRefusedException">The new one does not do; the message says why.</exception>
    /// <exception cref="OperationCanceledException">Nobody wants it any more.</exception>
    public PreparedSwap Make(SwapCandidate candidate, CancellationToken stop)
    {
        var next = candidate.Load is null ? null : Load(candidate);
        try
        {
            stop.ThrowIfCancellationRequested();
            var swap = new PreparedSwap
            {
                Candidate = candidate,
                Next = next,
                Attention = Extension<IAttention>(next, candidate.Attention),
                Loss = Extension<ILoss>(next, candidate.Loss),
            };
            var shapes = Shapes.Of(session.Model);
            foreach (var (what, extension) in new (string, object?)[] { ($"attention '{candidate.Attention}'", swap.Attention), ($"loss '{candidate.Loss}'", swap.Loss) })
            {
                if (extension is not null)
                {
                    Shapes.Check(what, extension, shapes);
                }

                stop.ThrowIfCancellationRequested();
            }

            return swap;
        }
        catch
        {
            next?.Dispose();
            throw;
        }
    }

    private LoadedPlugin Load(SwapCandidate candidate)
    {
        var plugin = candidate.Load!;
        try
        {
            return run.Plugins.LoadBeside(plugin, "swapped in while the run was live", Binder(candidate, out var file)) is var loaded && !file.Problems.HasErrors
                ? loaded
                : throw Discard(loaded, file);
        }
        catch (PluginFaultException e)
        {
            throw new SwapRefusedException($"{plugin} cannot be used: {e.Message}");
        }
    }

    /// <summary>Checks the configuration as if the run began with the candidate.</summary>
    private OptionsBinder Binder(SwapCandidate candidate, out RunFile file)
    {
        file = run.File.Anew();
        InstalledPlugin[] chosen = [candidate.Load!, .. run.Plugins.Plugins.Where(p => p != candidate.Replaces).Select(p => p.Installed)];
        var keys = new KeyTable(RunContext.Owners(run.Setup.Keys.Owner, candidate.Catalog, chosen));
        new KeyChecker(keys).Check(file, [.. chosen.Select(p => p.ToString())]);
        foreach (var key in candidate.Load!.Manifest!.Keys)
        {
            KeyChecker.CheckRequired(key, file);
        }

        return file.Problems.HasErrors ? throw Refused(candidate.Load, file) : new OptionsBinder(file, keys);
    }

    private static SwapRefusedException Discard(LoadedPlugin loaded, RunFile file)
    {
        loaded.Dispose();
        return Refused(loaded.Installed, file);
    }

    private static SwapRefusedException Refused(InstalledPlugin plugin, RunFile file) =>
        new($"{plugin} does not take the run's configuration: {string.Join("; ", file.Problems.Errors)}");

    private TPoint? Extension<TPoint>(LoadedPlugin? next, string? name)
        where TPoint : class =>
        name is null ? null
        : next?.Manifest.Provides.Any(p => p.Point == typeof(TPoint).FullName && p.Name == name) == true ? (TPoint)next.Extension(typeof(TPoint), name)
        : run.Plugins.Get<TPoint>(name);
}
