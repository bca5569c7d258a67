using Neoteny.Modules;
using Neoteny.Parallelism;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>What one rank holds: a model whose weights lie where the plugin wants them.</summary>
internal sealed class RankModel : IDisposable
{
    private readonly IParallelism parallelism;
    private readonly IDeviceMesh mesh;
    private readonly TinyModel model;
    private readonly List<Parameter> replicated;

    /// <summary>Makes the model and moves its weights. All ranks do so at once.</summary>
    public RankModel(IParallelism parallelism, IDeviceMesh mesh, ModuleVariant variant, ConformanceSettings settings, ScalarType dtype)
    {
        (this.parallelism, this.mesh, model) = (parallelism, mesh, TinyModel.Make(variant, settings, dtype));
        var all = ParametersOf(model);
        replicated = [.. all.Where(p => parallelism.Plan(p.Site, p.Parameter, mesh).ShardedDimensions.Count == 0).Select(p => p.Parameter)];
        foreach (var (site, parameter) in all)
        {
            if (parallelism.Home(site, parameter, mesh) is { } home)
            {
                parameter.MoveTo(home);
            }
        }
    }

    /// <summary>The model's parameters, in its order.</summary>
    public IEnumerable<Parameter> Parameters => model.Parameters;

    /// <summary>A model's parameters with their sites.</summary>
    public static List<(ModuleSite Site, Parameter Parameter)> ParametersOf(TinyModel model) => [.. model.Sites.SelectMany(s => s.Parameters.Select(p => (s, p)))];

    /// <summary>Completes a gradient of <c>rank + 1</c> everywhere for each replicated weight, as backward does, last weight first. Returns copies of what became of them.</summary>
    public IReadOnlyList<(string Name, Tensor Tensor)> Reduce()
    {
        foreach (var parameter in Enumerable.Reverse(replicated))
        {
            using var gradient = full([.. parameter.Shape], Scalars.Of(mesh.Rank + 1.0), dtype: parameter.DType, device: parameter.Device);
            parameter.AddGradient(gradient);
            parallelism.GradientCompleted(parameter, mesh);
        }

        parallelism.FinishGradients(mesh);
        List<(string, Tensor)> results = [.. replicated.Select(p => (p.Path, p.Gradient is { } g ? g.clone() : zeros(1)))];
        foreach (var parameter in replicated)
        {
            parameter.SetGradient(null);
        }

        return results;
    }

    /// <summary>All that a step asks of the plugin: every weight whole, and gradients summed.</summary>
    public IReadOnlyList<(string Name, Tensor Tensor)> Call() => [.. Parameters.Select(p => (p.Path, Weights.Copy(p))), .. Reduce().Select(g => ($"gradient of {g.Name}", g.Tensor))];

    public void Dispose() => model.Dispose();
}
