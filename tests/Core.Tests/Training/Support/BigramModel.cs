using Neoteny.Autograd;
using Neoteny.Batches;
using Neoteny.Parameters;
using Neoteny.Training.Loop;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Training.Support;

/// <summary>The smallest language model: the next token's logits are a row of a table plus a bias. Its loss is noisy, as dropout would make it.</summary>
internal sealed class BigramModel : ITrainedModel, IDisposable
{
    private readonly bool noisy;

    public BigramModel(int vocabulary = 16, ScalarType dtype = ScalarType.Float32, bool noisy = true)
    {
        this.noisy = noisy;
        Runtime.Native.LibTorch.Load();
        using var scope = NewDisposeScope();
        using var generator = new Generator(5, CPU);
        Table = new Parameter("table.weight", randn(vocabulary, vocabulary, generator: generator).to(dtype)) { Trains = true };
        Bias = new Parameter("bias", zeros(vocabulary, dtype: dtype)) { Trains = true };
    }

    public Parameter Table { get; }

    public Parameter Bias { get; }

    public IReadOnlyList<Parameter> Parameters => [Table, Bias];

    public Device Device => CPU;

    public Value ComputeLoss(Tape tape, MicroBatch batch, double scale)
        => tape.Apply(new BigramLoss(Table, Bias, batch, scale, noisy));

    /// <summary>All weights as they are, for comparing bits.</summary>
    public float[] Weights() => [.. Parameters.SelectMany(p =>
    {
        using var lease = p.Rent(ScalarType.Float32);
        return lease.Tensor.data<float>().ToArray();
    })];

    public void Dispose()
    {
        Table.Dispose();
        Bias.Dispose();
    }

    private sealed class BigramLoss(Parameter table, Parameter bias, MicroBatch batch, double scale, bool noisy) : Operator
    {
        public override string Name => "bigram_loss";

        public override IReadOnlyList<Parameter> Parameters => [table, bias];

        public override void Forward(ForwardContext context)
        {
            using var weights = table.Rent(ScalarType.Float32);
            using var shift = bias.Rent(ScalarType.Float32);
            var noise = context.IsRecording && noisy ? 1 + (context.RandomKey % 1000 / 10000.0) : 1;
            var logits = weights.Tensor.index_select(0, batch.InputIds).add(shift.Tensor, Runtime.Scalars.One);
            var trained = batch.Labels.ne(tensor(MicroBatch.Ignored)).to(ScalarType.Float32);
            var labels = batch.Labels.clamp_min(Runtime.Scalars.Of(0L));
            var picked = nn.functional.log_softmax(logits, 1).gather(1, labels.unsqueeze(1)).squeeze(1);
            var weight = trained.mul(tensor((float)(scale * noise)));
            context.Emit(picked.mul(weight).sum().neg());
            var gradient = nn.functional.softmax(logits, 1);
            gradient.sub_(nn.functional.one_hot(labels, (long)bias.Count).to(ScalarType.Float32));
            context.Save(gradient.mul_(weight.unsqueeze(1)));
        }

        public override void Backward(BackwardContext context)
        {
            using var weights = table.Rent(ScalarType.Float32);
            table.AddGradient(zeros_like(weights.Tensor).index_add_(0, batch.InputIds, context.Extra(0), Runtime.Scalars.One));
            bias.AddGradient(context.Extra(0).sum(dim: 0));
        }
    }
}
