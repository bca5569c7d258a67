using Neoteny.Benchmarks.Harness;
using Neoteny.Benchmarks.Plain;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Steps;

/// <summary>The same step written plainly: modules, autograd, <c>clip_grad_norm_</c>, <c>torch.optim.AdamW</c>.</summary>
internal sealed class TorchSharpStep : IStep
{
    private readonly PlainLlama model;
    private readonly Parameter[] trained;
    private readonly optim.Optimizer optimizer;
    private readonly List<PlainBatch> rows;

    /// <summary>Creates the model.</summary>
    /// <param name="of">The kind of step.</param>
    /// <param name="layout">How its documents are laid out.</param>
    /// <param name="weights">Gives initial weights by name.</param>
    public TorchSharpStep(StepCase of, PlainLayout layout, Func<string, Tensor?> weights)
    {
        model = new PlainLlama(PlainConfig.Read(Repository.ExampleModel, of.LoraRank));
        model.Load(weights);
        trained = [.. model.parameters().Where(p => p.requires_grad)];
        optimizer = optim.AdamW(
            [
                new AdamW.ParamGroup(trained.Where(p => p.dim() > 1), lr: StepSettings.LearningRate, weight_decay: StepSettings.WeightDecay),
                new AdamW.ParamGroup(trained.Where(p => p.dim() == 1), lr: StepSettings.LearningRate, weight_decay: 0),
            ]);
        rows = [.. of.Rows().Select(r => PlainBatch.Of(r, layout))];
    }

    public double Run(int row)
    {
        using var scope = NewDisposeScope();
        var batch = rows[row % rows.Count];
        var logits = model.call(batch);
        var loss = nn.functional.cross_entropy(logits.flatten(0, 1), batch.Labels.flatten(), ignore_index: -100);
        loss.backward();
        nn.utils.clip_grad_norm_(trained, StepSettings.MaximumGradientNorm);
        optimizer.step();
        optimizer.zero_grad();
        return loss.item<float>();
    }

    public void Dispose()
    {
        optimizer.Dispose();
        model.Dispose();
    }
}
