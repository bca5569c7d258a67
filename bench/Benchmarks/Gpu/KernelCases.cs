using Neoteny.Autograd;
using Neoteny.Losses;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Plugins.CCE;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Liger;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Gpu;

/// <summary>The operators of a decoder at the sizes of Llama's 1B and 8B models, 8192 tokens.</summary>
internal sealed class KernelCases : IDisposable
{
    private const long Tokens = 8192;
    private const int Vocabulary = 128256;
    private const double InitialSpread = 0.02;

    private readonly List<IDisposable> owned = [];

    /// <summary>All of them.</summary>
    public IEnumerable<KernelCase> All()
    {
        foreach (var width in new[] { 4096, 2048 })
            yield return Norm(width);
        foreach (var width in new[] { 14336, 8192 })
            yield return Gate(width);
        yield return Turn();
        foreach (var (width, trains) in new[] { (2048, true), (2048, false), (4096, true), (4096, false) })
        {
            foreach (var (name, loss) in Losses())
                yield return Loss(name, loss, width, trains);
        }

        foreach (var of in Liger())
            yield return of;
    }

    private static IEnumerable<(string Name, ILoss Loss)> Losses() =>
    [
        ("head and cross-entropy", new CrossEntropyLoss()),
        ("cut_cross_entropy", new CutCrossEntropyLoss(new CceOptions())),
        ("cut_cross_entropy in 64 MiB", new CutCrossEntropyLoss(new CceOptions { WorkspaceMegabytes = 64 })),
        ("cut_cross_entropy, cce_low_memory", new CutCrossEntropyLoss(new CceOptions { LowMemory = true })),
        ("cut_cross_entropy, cce_low_memory in 128 MiB", new CutCrossEntropyLoss(new CceOptions { LowMemory = true, WorkspaceMegabytes = 128 })),
    ];

    private IEnumerable<KernelCase> Liger()
    {
        foreach (var width in new[] { 4096, 2048 })
        {
            yield return LigerNorm(new LigerRmsNorm(), new Norm(Own(width), null), width, joins: false);
            yield return LigerNorm(new LigerRmsNorm(), new Norm(Own(width), null), width, joins: true);
        }

        yield return LigerNorm(new LigerLayerNorm(), new Norm(Own(4096), Own(4096)), 4096, joins: false);
        yield return LigerGate("silu", 14336);
        yield return LigerGate("gelu_pytorch_tanh", 14336);
        yield return LigerTurn();
        yield return Loss("liger_cross_entropy", new LigerCrossEntropy(), 2048, trains: true);
        yield return Loss("liger_cross_entropy", new LigerCrossEntropy(), 4096, trains: true);
        yield return Loss("liger_fused_linear_cross_entropy", new LigerFusedLinearCrossEntropy(new LigerOptions()), 4096, trains: true);
        yield return Loss("liger_fused_linear_cross_entropy", new LigerFusedLinearCrossEntropy(new LigerOptions()), 4096, trains: false);
        yield return Distil();
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

    private KernelCase LigerNorm(IModuleOverride module, INorm plain, int width, bool joins)
    {
        var block = (IResidualNorm)module.Replace(Site(plain));
        var size = Bytes(Tokens * width);
        var name = $"{(plain.Centered ? "liger_layer_norm" : "liger_rms_norm")}{(joins ? " with residual" : "")} x{width}";
        return joins
            ? new KernelCase(name, "liger_rms_norm", [[Tokens, width], [Tokens, width]], 4 * size, 4 * size, (tape, x) =>
            {
                var (normed, sum) = block.Forward(tape, x[0], x[1]);
                return [normed, sum];
            })
            : new KernelCase(name, plain.Centered ? "liger_layer_norm" : "liger_rms_norm", [[Tokens, width]], 2 * size, 3 * size, (tape, x) => [block.Forward(tape, x[0])]);
    }

    /// <summary>Gate and up are the tape's own, so that their gradients take their place.</summary>
    private static KernelCase LigerGate(string activation, int width)
    {
        var site = Site(new Mlp(activation));
        var block = (IGatedMlp)new LigerGluActivation().Replace(site);
        var size = Bytes(Tokens * width);
        return new KernelCase($"liger_glu_activation {activation} x{width}", "liger_glu_activation", [[Tokens, width]], 3 * size, 5 * size, (tape, x) => [block.Forward(tape, x[0])]);
    }

    /// <summary>Queries and keys are the tape's own, so that they turn in place.</summary>
    private KernelCase LigerTurn()
    {
        var angles = Keep(arange(0, Tokens, dtype: ScalarType.Float32, device: CUDA).unsqueeze(1).mul(rand(1, 64, device: CUDA)));
        var rotary = new RotaryAngles { Cosines = Keep(angles.cos()), Sines = Keep(angles.sin()) };
        var block = (IRotary)new LigerRope().Replace(Site(new Turner()));
        var size = Bytes(Tokens * 40 * 128) + (8.0 * Tokens * 64);
        return new KernelCase("liger_rope 32/8 heads x128", "liger_rope", [[Tokens, 32, 128], [Tokens, 8, 128]], 2 * size, 2 * size, (tape, x) =>
        {
            var (query, key) = block.Forward(tape, tape.Apply(Copy.Instance, x[0]).Donate(), tape.Apply(Copy.Instance, x[1]).Donate(), rotary);
            return [tape.Apply(Copy.Instance, query), tape.Apply(Copy.Instance, key)];
        });
    }

    private KernelCase Distil()
    {
        const long Rows = 4096;
        var (teacher, weights) = (Keep(randn(Rows, Vocabulary, dtype: ScalarType.BFloat16, device: CUDA)), Keep(ones(Rows, device: CUDA)));
        var divergence = Divergence.JensenShannon(0.5, 1);
        var size = Bytes(Rows * Vocabulary);
        return new KernelCase($"JS divergence {Rows}x{Vocabulary}", divergence.Name, [[Rows, Vocabulary]], 2 * size, 3 * size,
            (tape, x) => [tape.Apply(divergence, x[0], tape.Constant(teacher), tape.Constant(weights))]);
    }

    private static ModuleSite Site(IBlock plain)
    {
        var site = new ModuleSite("site", []);
        site.Fill(plain);
        return site;
    }

    private KernelCase Loss(string name, ILoss of, int width, bool trains)
    {
        // As models are initialised: logits are spread, and their gradient is dense. Peaked logits leave zeros, which a product multiplies with less power, and so faster.
        var weight = Own(InitialSpread, Vocabulary, width);
        weight.Trains = trains;
        var labels_T = Keep(randint(0, Vocabulary, [Tokens], dtype: ScalarType.Int64, device: CUDA));
        var loss = new LossOperator(of, new Head(weight), (hidden, needs) => new LossInput
        {
            Hidden = hidden,
            Head = new Head(weight),
            Labels = labels_T,
            Demands = LossFeatures.None,
            Scale = 1.0 / Tokens,
            NeedsGradient = needs,
        });
        return new KernelCase($"{name}, H={width}, {(trains ? "trained" : "frozen")}", loss.Name, [[Tokens, width]], (trains ? 6.0 : 4.0) * Tokens * width * Vocabulary, 0, (tape, x) => [tape.Apply(loss, x[0])])
        {
            IsProduct = true,
            Before = () => weight.SetGradient(null),
            Exact = inputs => ExactHidden.Gradient(inputs[0], weight, labels_T),
        };
    }

    private Parameter Own(params long[] shape) => Own(1, shape);

    private Parameter Own(double spread, params long[] shape)
    {
        var parameter = new Parameter("weight", randn(shape, dtype: ScalarType.BFloat16, device: CUDA).mul_(Scalars.Of(spread))) { Trains = true };
        owned.Add(parameter);
        return parameter;
    }

    private Tensor Keep(Tensor tensor)
    {
        owned.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
