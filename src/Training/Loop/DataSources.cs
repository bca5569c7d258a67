using Neoteny.Training.Data;
using Neoteny.Training.Options;
using Neoteny.Training.Packing;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Training.Loop;

/// <summary>Makes the sources of training and evaluation data from options.</summary>
internal static class DataSources
{
    public static BatchSource Training(TrainingSetup setup)
    {
        var (data, steps) = (setup.Options.Data, setup.Options.Steps);
        var shape = new BatchShape
        {
            SequenceLength = data.SequenceLength,
            MicroBatchSize = steps.MicroBatchSize,
            Packing = data.Packing,
            PackingGroup = data.PackingGroup,
            Shuffle = data.Shuffle,
            PadRows = data.PadRows ?? (data.Packing && setup.Model.Device.type == DeviceType.CUDA),
        };
        return new BatchSource(new EpochPlanner(setup.Data.Training, shape, steps.Seed), steps.MicroBatchesPerStep, setup.Model.Device);
    }

    public static BatchSource? Evaluation(TrainingSetup setup)
    {
        var (data, steps) = (setup.Options.Data, setup.Options.Steps);
        var shape = new BatchShape
        {
            SequenceLength = data.EvaluationSequenceLength ?? data.SequenceLength,
            MicroBatchSize = steps.EvaluationBatchSize ?? steps.MicroBatchSize,
            Packing = data.EvaluationPacking ?? data.Packing,
            PackingGroup = data.PackingGroup,
            Shuffle = false,
        };
        return setup.Data.Evaluation.Count == 0 ? null : new BatchSource(new EpochPlanner(setup.Data.Evaluation, shape, steps.Seed), 1, setup.Model.Device);
    }

    /// <summary>What must agree for a resumed run to see the same micro-batches.</summary>
    public static string Fingerprint(TrainingSetup setup)
    {
        var (data, steps) = (setup.Options.Data, setup.Options.Steps);
        return string.Join('-', Data.Fingerprint.Of(setup.Data.Training), data.SequenceLength, data.Packing ? data.PackingGroup : 0,
            data.Shuffle ? 1 : 0, steps.MicroBatchSize, steps.MicroBatchesPerStep);
    }
}
