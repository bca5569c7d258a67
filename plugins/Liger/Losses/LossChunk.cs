using Neoteny.Modules;
using Neoteny.Runtime.Cpu;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Liger;

// C tokens of the chunk, H hidden, V vocabulary, R rank

/// <summary>One chunk of tokens: logits, their losses and gradient in place, and what follows from it.</summary>
internal sealed class LossChunk(IHead head, CrossEntropyTerms terms, Tensor hidden_CH, Tensor labels_C, Tensor factors_C)
{
    /// <summary>Runs the chunk.</summary>
    /// <param name="losses_C">Receives the losses without their factors.</param>
    /// <param name="gradient_CH">Receives the gradient of the hidden states; null when no gradients are wanted.</param>
    /// <param name="gradients">Gathers those of the head.</param>
    public void Run(Tensor losses_C, Tensor? gradient_CH, HeadGradient gradients)
    {
        var h_R = head.Deltas.Select(d => LowRank.Down(d, hidden_CH)).ToArray();
        var z_CV = WeightProducts.Forward(head.Weight, head.Bias, hidden_CH);
        foreach (var (delta, h_CR) in head.Deltas.Zip(h_R))
        {
            LowRank.Up(delta, h_CR, z_CV);
        }

        var dz_CV = Differentiate(z_CV, losses_C, gradient_CH is not null);
        if (gradient_CH is null)
        {
            return;
        }

        var dh_CH = WeightProducts.InputGradient(head.Weight, dz_CV);
        foreach (var (delta, h_CR) in head.Deltas.Zip(h_R))
        {
            LowRank.Backward(delta, dz_CV, hidden_CH, h_CR, null, dh_CH);
        }

        gradient_CH.copy_(dh_CH);
        gradients.Add(dz_CV, hidden_CH);
    }

    /// <summary>Fills in the losses; gives the gradient of the logits, which takes their place where it can.</summary>
    private Tensor Differentiate(Tensor z_CV, Tensor losses_C, bool differentiates)
    {
        if (LogitsKernel.Handles(z_CV))
        {
            LogitsKernel.Run(z_CV, labels_C.contiguous(), factors_C, losses_C, terms, differentiates);
            return z_CV;
        }

        if (CrossEntropyLoops.Handles(z_CV))
        {
            CrossEntropyLoops.Run(z_CV, labels_C.contiguous(), factors_C, losses_C, terms, differentiates);
            return z_CV;
        }

        var (loss_C, dz_CV) = LogitsReference.Run(z_CV, labels_C, factors_C, terms);
        losses_C.copy_(loss_C);
        return dz_CV;
    }
}
