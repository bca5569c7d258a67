using Neoteny.Adapters;
using Neoteny.Modules;
using Neoteny.Parameters;

namespace Neoteny.Plugins.Lora;

/// <summary>Which bare parameters to adapt, PEFT's <c>target_parameters</c>: those of routers and stacked experts, by their name or its end after a dot.</summary>
/// <param name="names">The names: <c>mlp.experts.gate_up_proj</c>, <c>down_proj</c>, <c>gate.weight</c>.</param>
internal sealed class ParameterTargets(IReadOnlyList<string> names)
{
    public bool IsEmpty => names.Count == 0;

    /// <summary>The chosen parameters of a site, in the model's order.</summary>
    public IReadOnlyList<AdaptedParameter> Of(ModuleSite site)
        => [.. All(site).Where(p => names.Any(n => ModuleTargets.Matches(n, p.Name)))];

    /// <summary>The paths of the sites that have a chosen parameter.</summary>
    /// <param name="model">The model.</param>
    /// <param name="isStrict">Whether every name must match something, as in a file that a person wrote for one model.</param>
    /// <exception cref="InputException">A name matches nothing.</exception>
    public IReadOnlyList<string> Match(IModuleTree model, bool isStrict)
    {
        var all = model.Sites.SelectMany(All).Select(p => p.Name).ToList();
        if (isStrict && names.FirstOrDefault(n => !all.Any(p => ModuleTargets.Matches(n, p))) is { } missing)
        {
            throw new InputException($"lora_target_parameters: '{missing}' matches no parameter of a router or of stacked experts. "
                + (all.Count == 0 ? "This model has none; remove the key." : $"This model has: {string.Join(", ", all.Select(Ending).Distinct())}."));
        }

        return [.. model.Sites.Where(s => Of(s).Count > 0).Select(s => s.Path)];
    }

    private static IEnumerable<AdaptedParameter> All(ModuleSite site) => site.Original switch
    {
        IRouter router => [new($"{site.Path}.weight", router.Weight, DeltaTarget.Weight, false)],
        IExperts experts =>
        [
            new($"{site.Path}.gate_up_proj", experts.GateUp, DeltaTarget.GateUp, experts.TakesTurns),
            new($"{site.Path}.down_proj", experts.Down, DeltaTarget.Down, false),
        ],
        _ => [],
    };

    private static string Ending(string path) => string.Join('.', path.Split('.')[^2..]);
}

/// <summary>A parameter that gets a delta of its own.</summary>
/// <param name="Name">Its name in PEFT's view of the model.</param>
/// <param name="Weight">The parameter.</param>
/// <param name="Target">Which of the site's weights it is.</param>
/// <param name="TakesTurns">Whether files have its output rows, those of gate and up, in turns.</param>
internal sealed record AdaptedParameter(string Name, Parameter Weight, DeltaTarget Target, bool TakesTurns)
{
    /// <summary>The stacked matrices, or 1.</summary>
    public long Experts => Weight.Shape.Count == 3 ? Weight.Shape[0] : 1;

    public long Outputs => Weight.Shape[^2];

    public long Inputs => Weight.Shape[^1];
}
