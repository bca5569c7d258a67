using Neoteny.Autograd;
using Neoteny.Benchmarks.Losses;
using Neoteny.Losses;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Plugins.CCE;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Gpu;

/// <summary>The operators of a decoder at the sizes of Llama's 1B and 8B models, 8192 tokens.</summary>
internal sealed class KernelCases : IDisposable
{
    private const long Tokens = 8192;
    private const int Vocabulary = 128256;

    private readonly List<IDisposable> owned = [];

    /// <summary>All of them.</summary>
    public IEnumerable<KernelCase> All()
    {
        foreach (var width in new[] { 4096, 2048 })
            yield return Norm(width);
        foreach (var width in new[] { 14336, 8192 })
            yield return Gate(width);
        yield return Turn();
        foreach (var (name, loss) in Losses())
        {
            foreach (var (width, trains) in new[] { (2048, true), (2048, false), (4096, true), (4096, false) })
                yield return Loss(name, loss, width, trains);
        }
    }

    public void Dispose() => owned.ForEach(o => o.Dispose());

    private static double Bytes(long elements) => 2.0 * elements;

    private KernelCase Norm(int width)
    {
        var norm = new RmsNorm(Own(width), 1e-5);
        var size = Bytes(Tokens * width);
        return new KernelCase($"RMSNorm x{width}", norm.Name, [[Tokens, width]], 2 * size, 3 * size, (tape, x) => [tape.Apply(norm, x[0])]);
    }

    private static KernelCase Gate(int width)
    {
        var gate = new GatedActivation("silu");
        var size = Bytes(Tokens * width);
        return new KernelCase($"SwiGLU x{width}", gate.Name, [[Tokens, width], [Tokens, width]], 3 * size, 5 * size, (tape, x) => [tape.Apply(gate, x[0], x[1])]);
    }

    private KernelCase Turn()
    {
        var angles = Keep(arange(0, Tokens, dtype: ScalarType.Float32, device: CUDA).unsqueeze(1).mul(rand(1, 64, device: CUDA)));
        var rotary = new Rotary(new RotaryAngles { Cosines = Keep(angles.cos()), Sines = Keep(angles.sin()) });
        var size = Bytes(Tokens * 40 * 128) + (8.0 * Tokens * 64);
        return new KernelCase("RoPE 32/8 heads x128", rotary.Name, [[Tokens, 32, 128], [Tokens, 8, 128]], 2 * size, 2 * size, (tape, x) => tape.ApplyMany(rotary, x[0], x[1]));
    }

    private static IEnumerable<(string Name, ILoss Loss)> Losses() =>
    [
        ("cross_entropy", new CrossEntropyLoss()),
        ("cut_cross_entropy", new CutCrossEntropyLoss(new CceOptions())),
        ("cut_cross_entropy in 64 MiB", new CutCrossEntropyLoss(new CceOptions { WorkspaceMegabytes = 64 })),
        ("cut_cross_entropy, cce_low_memory", new CutCrossEntropyLoss(new CceOptions { LowMemory = true })),
        ("cut_cross_entropy, cce_low_memory in 128 MiB", new CutCrossEntropyLoss(new CceOptions { LowMemory = true, WorkspaceMegabytes = 128 })),
    ];

    private KernelCase Loss(string name, ILoss computes, int width, bool trains)
    {
        var weight = Own(Vocabulary, width);
        weight.Trains = trains;
        var labels_T = Keep(randint(0, Vocabulary, [Tokens], dtype: ScalarType.Int64, device: CUDA));
        var head = new PlainHead(weight);
        var loss = new LossOperator(computes, head, (hidden, needs) => new LossInput
        {
            Hidden = hidden,
            Head = head,
            Labels = labels_T,
            Demands = LossFeatures.None,
            Scale = 1.0 / Tokens,
            NeedsGradient = needs,
        });
        return new KernelCase($"head and {name}, H={width}, {(trains ? "trained" : "frozen")}", loss.Name, [[Tokens, width]], (trains ? 6.0 : 4.0) * Tokens * width * Vocabulary, 0, (tape, x) => [tape.Apply(loss, x[0])])
        {
            IsProduct = true,
            Before = () => weight.SetGradient(null),
        };
    }

    private Parameter Own(params long[] shape)
    {
        var parameter = new Parameter("weight", randn(shape, dtype: ScalarType.BFloat16, device: CUDA)) { Trains = true };
        owned.Add(parameter);
        return parameter;
    }

    private Tensor Keep(Tensor tensor)
    {
        owned.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
