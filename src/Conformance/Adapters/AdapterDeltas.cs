using Neoteny.Adapters;
using Neoteny.Modules;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>The deltas of an adapter on a tiny model.</summary>
internal static class AdapterDeltas
{
    /// <summary>Attaches an adapter's deltas to every site that it claims.</summary>
    public static List<(ModuleSite Site, LowRankDelta Delta)> Attach(IAdapter adapter, TinyModel model, ulong seed = 3, AdapterFiles? saved = null, bool dropout = true)
    {
        var request = new AdapterRequest { Model = model, Seed = seed, Saved = saved };
        var deltas = new List<(ModuleSite, LowRankDelta)>();
        foreach (var path in adapter.Claim(request).ToList())
        {
            var site = model.At(path);
            foreach (var delta in adapter.AttachAll(site, request))
            {
                site.Attach(dropout ? delta : Copy(delta, static p => p));
                deltas.Add((site, delta));
            }
        }

        return deltas;
    }

    /// <summary>Gives B values, so that the deltas do something.</summary>
    public static void Randomize(List<(ModuleSite Site, LowRankDelta Delta)> deltas, ConformanceSettings settings)
    {
        using var draw = settings.Draw();
        foreach (var (_, delta) in deltas)
        {
            delta.B.Update(b => b.copy_(draw.Scaled(0.3, ScalarType.Float32, [.. delta.B.Shape])));
        }
    }

    /// <summary>The model in fp64 with copies of the deltas, without their dropout.</summary>
    public static TinyModel ExactWith(TinyModel model, List<(ModuleSite Site, LowRankDelta Delta)> deltas)
    {
        var exact = TinyModel.ExactCopyOf(model);
        foreach (var (site, delta) in deltas)
        {
            var target = exact.At(site.Path);
            Parameter Add(Parameter p)
                => target.AddParameter(p.Path[(site.Path.Length + 1)..], Comparison.Wide(Weights.Copy(p)).clone());

            target.Attach(Copy(delta, Add));
        }

        return exact;
    }

    /// <summary>The delta without dropout, of the same or of copied parameters.</summary>
    private static LowRankDelta Copy(LowRankDelta delta, Func<Parameter, Parameter> parameter) => new()
    {
        A = parameter(delta.A),
        B = parameter(delta.B),
        Magnitude = delta.Magnitude is { } m ? parameter(m) : null,
        Bias = delta.Bias is { } b ? parameter(b) : null,
        Target = delta.Target,
        ExpertCount = delta.ExpertCount,
        Scale = delta.Scale,
    };
}
