using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Dropout of deltas: masks are the implementation's own, so their effect is checked instead of their bits.</summary>
internal sealed class DropoutCheck(CheckRun run, IModuleOverride module, ConformanceSettings settings)
{
    private const double Step = 1e-2;

    public void Check()
    {
        if (!module.Supports.HasFlag(ModuleFeatures.DeltaDropout))
        {
            run.Skip("it does not claim DeltaDropout");
        }

        var carried = 0;
        ModuleCases.ForEach(run, module, settings, [ScalarType.Float32], (model, site, dtype) =>
        {
            if (!site.Carries.HasFlag(ModuleFeatures.DeltaDropout))
            {
                return;
            }

            carried++;
            site.Replace(module.Replace(site));
            foreach (var call in SiteCalls.Of(site, model.Variant.Lengths, settings, dtype))
            {
                using var _ = call;
                Try(call, model, site.Current);
            }
        }, v => v.Dropout > 0);
        if (carried == 0)
        {
            run.Skip("no site that it claims carries deltas");
        }
    }

    private void Try(SiteCall call, TinyModel model, IBlock block)
    {
        SiteRun Run(ulong seed, bool recording = true) => call.Run(block, model.Parameters, new TapeOptions { Seed = seed, Recording = recording });
        var (first, again, other, still) = (Run(1), Run(1), Run(2), Run(1, recording: false));
        run.That(Comparison.SameBits(first.Outputs[0], again.Outputs[0]), $"{call.Name}: one seed gives two masks");
        run.That(!Comparison.SameBits(first.Outputs[0], other.Outputs[0]), $"{call.Name}: two seeds give one mask");
        run.That(!Comparison.SameBits(first.Outputs[0], still.Outputs[0]), $"{call.Name}: nothing is dropped in training");
        Slope(call, model, block, Run(1));
    }

    /// <summary>With one seed the masks are fixed, so backward must be the slope of forward: along B, in which a delta's site is linear or nearly so.</summary>
    private void Slope(SiteCall call, TinyModel model, IBlock block, SiteRun at)
    {
        foreach (var parameter in model.Parameters.Where(p => p.Path.EndsWith("lora_B.weight", StringComparison.Ordinal)))
        {
            if (at.Parameters.First(p => p.Path == parameter.Path).Gradient is not { } gradient)
            {
                continue;
            }

            using var draw = settings.Draw();
            var along = draw.Normal(ScalarType.Float32, [.. parameter.Shape]);
            double Moved(double by)
            {
                parameter.Update(w => w.add_(along, Scalars.Of(by)));
                var moved = call.Run(block, model.Parameters, new TapeOptions { Seed = 1 });
                parameter.Update(w => w.sub_(along.mul(Scalars.Of(by))));
                return Projected(call, moved);
            }

            var slope = (Moved(Step) - Moved(-Step)) / (2 * Step);
            var expected = Comparison.Wide(gradient).mul(Comparison.Wide(along)).sum().item<double>();
            var scale = Comparison.Wide(gradient).norm().item<double>() * Comparison.Wide(along).norm().item<double>() / Math.Sqrt(gradient.numel());
            run.Close($"{call.Name}, slope along {parameter.Path}", expected, slope, 0.05, scale);
        }
    }

    private static double Projected(SiteCall call, SiteRun moved)
        => moved.Outputs.Select((o, i) => Comparison.Wide(o).mul(Comparison.Wide(call.OutputGradient(i, o))).sum().item<double>()).Sum();
}
