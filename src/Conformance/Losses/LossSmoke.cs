using Neoteny.Losses;

namespace Neoteny.Conformance;

/// <summary>The quick check of a loss on a running model's sizes.</summary>
internal static class LossSmoke
{
    public static void Check(CheckRun run, ILoss loss, LiveShapes live)
    {
        if ((live.LossDemands & ~loss.Supports) is not 0 and var missing)
        {
            run.Fail($"it does not support {missing}, which this run needs");
            return;
        }

        var settings = new ConformanceSettings { Device = live.Device, DTypes = [live.DType] };
        var vocabulary = Math.Min(live.VocabularySize, LiveShapes.MostLabels);
        var problem = new LossCase($"hidden size {live.HiddenSize}, {live.DType}", live.Tokens, live.HiddenSize, vocabulary)
        {
            Demands = live.LossDemands & ~LossFeatures.VocabularyShard,
            Softcap = live.HeadSoftcap == 0 ? 30 : live.HeadSoftcap,

            // Logits of a few units, whatever the hidden size.
            Spread = 4 / Math.Sqrt(live.HiddenSize),
        };
        run.Case(problem.Name, () =>
        {
            using var made = LossProblem.Make(problem, settings, live.DType);
            LossComparison.Compare(run, loss, made, live.DType);
            made.DropGradients();
            Conduct.InputsStay(run, made.Workload(loss));
        });
    }
}
