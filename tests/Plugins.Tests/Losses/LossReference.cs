using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Losses;

/// <summary>The loss in fp64 from its definition, differentiated by libtorch.</summary>
internal static class LossReference
{
    /// <summary>Loss, loss of each token, and the gradients of hidden states, weight, bias, A and B.</summary>
    public sealed record Result(double Loss, double[] PerToken, Tensor Hidden, Tensor Weight, Tensor? Bias, Tensor? A, Tensor? B);

    public static Result Run(LossInput input)
    {
        var head = input.Head;
        var (h, w) = (Leaf(input.Hidden), Leaf(head.Weight.Rent().Tensor));
        var bias = head.Bias is null ? null : Leaf(head.Bias.Rent().Tensor);
        var (a, b) = head.Deltas.Count == 0 ? (null, null) : (Leaf(head.Deltas[0].A.Rent().Tensor), Leaf(head.Deltas[0].B.Rent().Tensor));
        var labels = input.Labels.data<long>().ToArray();
        var weights = input.TokenWeights?.data<float>().ToArray();
        var z = h.mm(w.t());
        z = bias is null ? z : z.add(bias, Scalars.One);
        z = a is null ? z : z.add(h.mm(a.t()).mm(b!.t()), Scalars.Of(head.Deltas[0].Scale));
        z = head.Softcap == 0 ? z : z.div(Scalars.Of(head.Softcap)).tanh().mul(Scalars.Of(head.Softcap));
        var perToken = new double[labels.Length];
        var total = z.sum().mul(Scalars.Zero);
        for (var t = 0; t < labels.Length; t++)
        {
            if (labels[t] >= 0)
            {
                var loss = Token(z[t], (int)labels[t], input);
                perToken[t] = loss.item<double>();
                total = total.add(loss, Scalars.Of(input.Scale * (weights?[t] ?? 1)));
            }
        }

        total.backward();
        return new Result(total.item<double>(), perToken, h.grad!, w.grad!, bias?.grad, a?.grad, b?.grad);
    }

    private static Tensor Token(Tensor z_V, int label, LossInput input)
    {
        // Cross-entropy with the smoothed target (1 - e) [label] + e / V, and the squared log-partition.
        var log = z_V.log_softmax(0);
        var loss = log[label].mul(Scalars.Of(input.LabelSmoothing - 1)).sub(log.mean().mul(Scalars.Of(input.LabelSmoothing)));
        var partition = z_V.logsumexp(0);
        return loss.add(partition.mul(partition), Scalars.Of(input.ZLoss));
    }

    private static Tensor Leaf(Tensor tensor) => tensor.to(ScalarType.Float64, copy: true).requires_grad_(true);
}
