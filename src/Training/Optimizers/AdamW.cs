using Neoteny.Parameters;
using Neoteny.Training.Optimizers.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Training.Optimizers;

/// <summary>AdamW with decoupled weight decay (Loshchilov and Hutter 2019).</summary>
/// <remarks>
/// <c>p *= 1 - lr * decay; p -= lr * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)</c>, t from 1. fp32 weights go through libtorch's fused
/// operator; bf16 weights keep an fp32 master, or are rounded stochastically, since bf16 alone cannot hold small updates. Moments are fp32, those of
/// bf16 weights bf16 where the settings say so, then rounded stochastically for the same reason.
/// A parameter without gradient is left as it is. One compute thread.
/// </remarks>
public sealed class AdamW : IDisposable
{
    // Leases nest while an operator updates many parameters at once.
    private const int ParametersPerCall = 128;

    private readonly AdamWSettings settings;
    private readonly List<AdamWSlot> slots = [];

    /// <summary>Creates the optimizer with zero moments.</summary>
    /// <param name="parameters">What it updates; each must train and be fp32 or bf16.</param>
    /// <param name="settings">Its numbers.</param>
    /// <exception cref="NeotenyException">A parameter has another dtype.</exception>
    public AdamW(IEnumerable<Parameter> parameters, AdamWSettings settings)
    {
        this.settings = settings;
        foreach (var parameter in parameters)
        {
            if (parameter.DType is not (ScalarType.Float32 or ScalarType.BFloat16))
                throw new NeotenyException($"{parameter.Path} is {parameter.DType}, which cannot be trained. Load the model in bf16 or fp32.");

            var keepMaster = parameter.DType == ScalarType.BFloat16 && !settings.StochasticRounding;
            slots.Add(new AdamWSlot(parameter, slots.Count, settings.Decays.Applies(parameter) ? settings.WeightDecay : 0, keepMaster, settings.BFloat16Moments));
        }
    }

    /// <summary>Steps made so far.</summary>
    public long Steps { get; private set; }

    /// <summary>The parameters it updates.</summary>
    public IEnumerable<Parameter> Parameters => slots.Select(s => s.Parameter);

    /// <summary>Makes one step with the gradients that the parameters hold.</summary>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="gradientScale">Factor on all gradients, as clipping gives it.</param>
    public void Step(double learningRate, double gradientScale = 1)
        => Apply(new AdamWUpdate(settings, ++Steps, learningRate, gradientScale));

    /// <summary>Updates as the device decides: clipped, or not at all where the step is broken. The step counts either way.</summary>
    internal void Step(double learningRate, DeviceClipping clipping)
        => Apply(new AdamWUpdate(settings, ++Steps, learningRate, 1) { Clipping = clipping });

    private void Apply(in AdamWUpdate update)
    {
        using var guard = no_grad();
        foreach (var group in slots.Where(HasGradient).GroupBy(s => (Kernel(s), s.WeightDecay)))
        {
            foreach (var chunk in group.Chunk(ParametersPerCall))
                Update(group.Key.Item1, chunk, new Tensor[chunk.Length], 0, update);
        }
    }

    /// <summary>The tensors of its state themselves, by name; borrowed.</summary>
    internal IEnumerable<(string Name, Tensor Tensor)> StateTensors => slots.SelectMany(slot => new[]
    {
        (AdamWNames.FirstMoment(slot.Parameter), (Tensor?)slot.FirstMoment),
        (AdamWNames.SecondMoment(slot.Parameter), slot.SecondMoment),
        (AdamWNames.Weight(slot.Parameter), slot.Master),
    }).Where(s => s.Item2 is not null).Select(s => (s.Item1, s.Item2!));

    /// <summary>Everything that the next step depends on, the weights included (the fp32 master where there is one).</summary>
    public IEnumerable<OptimizerTensor> State => slots.SelectMany(slot => new[]
    {
        OptimizerTensor.Of(AdamWNames.FirstMoment(slot.Parameter), slot.FirstMoment),
        OptimizerTensor.Of(AdamWNames.SecondMoment(slot.Parameter), slot.SecondMoment),
        slot.Master is { } master ? OptimizerTensor.Of(AdamWNames.Weight(slot.Parameter), master) : OptimizerTensor.Of(slot.Parameter),
    });

    /// <summary>Takes a saved state over, the weights included.</summary>
    /// <param name="read">Gives the saved tensor of a name, or null where there is none; disposed after the copy.</param>
    /// <param name="steps">Steps that the state has behind it.</param>
    /// <exception cref="InputException">A tensor is missing or has another shape.</exception>
    public void Load(Func<string, Tensor?> read, long steps)
    {
        using var guard = no_grad();
        foreach (var slot in slots)
        {
            Copy(read, AdamWNames.FirstMoment(slot.Parameter), slot.FirstMoment);
            Copy(read, AdamWNames.SecondMoment(slot.Parameter), slot.SecondMoment);
            if (slot.Master is not null)
                Copy(read, AdamWNames.Weight(slot.Parameter), slot.Master);
            slot.Parameter.Update(weight =>
            {
                if (slot.Master is not null)
                    weight.copy_(slot.Master);
                else
                    Copy(read, AdamWNames.Weight(slot.Parameter), weight);
            });
        }

        Steps = steps;
    }

    /// <summary>Frees the moments and masters.</summary>
    public void Dispose() => slots.ForEach(s => s.Dispose());

    /// <summary>Kernels read raw memory, so that a gradient of another size must not reach them.</summary>
    private static bool HasGradient(AdamWSlot slot)
    {
        if (slot.Parameter.Gradient is not { } gradient)
            return false;
        return gradient.numel() == slot.Parameter.Count ? true : throw new InvalidOperationException(
            $"{slot.Parameter.Path} [{string.Join(", ", slot.Parameter.Shape)}] was given a gradient of shape [{string.Join(", ", gradient.shape)}].");
    }

    private static IAdamWKernel Kernel(AdamWSlot slot)
    {
        if (slot.Parameter.DType == ScalarType.Float32)
            return Kernels.Fused;
        if (slot.FirstMoment.device_type == DeviceType.CPU)
            return slot.FirstMoment.dtype == ScalarType.Float32 ? Kernels.Simd : Kernels.Aten;
        return CudaBFloat16Kernel.Handles(slot) ? Kernels.Cuda : Kernels.Aten;
    }

    /// <summary>Rents all weights, one within the other, and runs the kernel while they are held.</summary>
    private static void Update(IAdamWKernel kernel, AdamWSlot[] chunk, Tensor[] weights, int next, in AdamWUpdate update)
    {
        if (next == chunk.Length)
        {
            kernel.Update(chunk, weights, update);
            return;
        }

        using (var lease = chunk[next].Parameter.Rent())
        {
            weights[next] = lease.Tensor;
            Update(kernel, chunk, weights, next + 1, update);
        }

        chunk[next].Parameter.Touch();
    }

    private static void Copy(Func<string, Tensor?> read, string name, Tensor target)
    {
        var saved = read(name) ?? throw new InputException($"The checkpoint holds no '{name}': it was written with another model, adapter or precision. "
            + "Resume with the configuration that wrote it.");
        using var owned = saved;
        if (!saved.shape.SequenceEqual(target.shape) || saved.dtype != target.dtype)
        {
            throw new InputException($"'{name}' in the checkpoint is {saved.dtype} [{string.Join(", ", saved.shape)}], but this run needs {target.dtype} "
                + $"[{string.Join(", ", target.shape)}]. Resume with the configuration that wrote it.");
        }

        target.copy_(saved);
    }

    private static class Kernels
    {
        public static IAdamWKernel Fused { get; } = new FusedKernel();

        public static IAdamWKernel Simd { get; } = new SimdBFloat16Kernel();

        public static IAdamWKernel Cuda { get; } = new CudaBFloat16Kernel();

        public static IAdamWKernel Aten { get; } = new AtenBFloat16Kernel();
    }
}
