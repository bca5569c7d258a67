using Neoteny.Runtime.Cpu;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Training.Optimizers.Kernels;

/// <summary>bf16 weights on the CPU: weight, master and both moments in one pass over memory, on all threads.</summary>
/// <remarks>Every element is computed alike wherever a piece begins, so the result does not depend on the number of threads.</remarks>
internal sealed unsafe class SimdBFloat16Kernel : IAdamWKernel
{
    private const long PieceLength = 1 << 15;

    public void Update(IReadOnlyList<AdamWSlot> slots, Tensor[] weights, in AdamWUpdate update)
    {
        var pieces = new List<AdamWPiece>();
        var gradients = new Tensor[slots.Count];
        for (var i = 0; i < slots.Count; i++)
        {
            gradients[i] = slots[i].Parameter.Gradient!.contiguous();
            var whole = Whole(slots[i], weights[i], gradients[i], update);
            for (var at = 0L; at < whole.Count; at += PieceLength)
                pieces.Add(whole.Slice(at, Math.Min(PieceLength, whole.Count - at)));
        }

        var coefficients = new AdamWCoefficients(update, slots[0].WeightDecay);
        Parallel.For(0, pieces.Count, new ParallelOptions { MaxDegreeOfParallelism = get_num_threads() }, i => AdamWLoop.Run(pieces[i], coefficients));

        foreach (var (gradient, slot) in gradients.Zip(slots))
        {
            if (!ReferenceEquals(gradient, slot.Parameter.Gradient))
                gradient.Dispose();
        }

        GC.KeepAlive(weights);
        GC.KeepAlive(slots);
    }

    private static AdamWPiece Whole(AdamWSlot slot, Tensor weight, Tensor gradient, in AdamWUpdate update) => new()
    {
        Weight = (ushort*)TensorData.Pointer(weight),
        Master = slot.Master is null ? null : (float*)TensorData.Pointer(slot.Master),
        Gradient = (byte*)TensorData.Pointer(gradient),
        GradientIsWide = gradient.dtype == ScalarType.Float32,
        First = (float*)TensorData.Pointer(slot.FirstMoment),
        Second = (float*)TensorData.Pointer(slot.SecondMoment),
        Count = slot.Parameter.Count,
        Key = AtenBFloat16Kernel.Key(update, slot),
    };
}

/// <summary>A run of elements of one parameter.</summary>
internal unsafe struct AdamWPiece
{
    public ushort* Weight;
    public float* Master;
    public byte* Gradient;
    public bool GradientIsWide;
    public float* First;
    public float* Second;
    public long Count;

    /// <summary>Index of the first element within the parameter.</summary>
    public long Start;

    /// <summary>Key of the parameter's random bits in this step.</summary>
    public uint Key;

    public readonly AdamWPiece Slice(long start, long count) => this with
    {
        Weight = Weight + start,
        Master = Master is null ? null : Master + start,
        Gradient = Gradient + (start * (GradientIsWide ? sizeof(float) : sizeof(ushort))),
        First = First + start,
        Second = Second + start,
        Start = Start + start,
        Count = count,
    };
}

/// <summary>The numbers of one step in fp32.</summary>
internal readonly struct AdamWCoefficients(in AdamWUpdate update, double weightDecay)
{
    public readonly float Keep = (float)(1 - (update.LearningRate * weightDecay));
    public readonly float FirstShare = (float)(1 - update.Settings.Beta1);
    public readonly float Beta2 = (float)update.Settings.Beta2;
    public readonly float SecondShare = (float)(1 - update.Settings.Beta2);
    public readonly float SecondFactor = (float)(1 / update.SecondCorrection);
    public readonly float Epsilon = (float)update.Settings.Epsilon;
    public readonly float StepSize = (float)(update.LearningRate / update.FirstCorrection);
    public readonly float GradientScale = (float)update.GradientScale;
}
