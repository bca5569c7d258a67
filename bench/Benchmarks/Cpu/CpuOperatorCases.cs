using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Plugins.Liger;
using Neoteny.Runtime;
using Neoteny.Runtime.Cpu;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Cpu;

/// <summary>The operators of a decoder layer and its loss in fp32, 1024 tokens.</summary>
internal sealed class CpuOperatorCases : IDisposable
{
    private const long Tokens = 1024;
    private const int Hidden = 2048;
    private const int Intermediate = 5632;
    private const int Vocabulary = 32000;
    private const int HeadSize = 64;
    private const string Twice = "at least 2";

    private readonly List<IDisposable> owned = [];

    /// <summary>All of them.</summary>
    public IEnumerable<CpuCase> All() =>
    [
        OnTape("RMSNorm", [[Tokens, Hidden]], [[Hidden]], p => Norm(new RmsSite(p[0])), (x, w) => [Rms(x[0], w[0])]) with { Target = Twice },
        OnTape("RMSNorm of a sum", [[Tokens, Hidden], [Tokens, Hidden]], [[Hidden]], p => NormOfSum(new RmsSite(p[0])), (x, w) =>
        {
            var sum = x[0].add(x[1], Scalars.One);
            return [Rms(sum, w[0]), sum];
        }),
        OnTape("LayerNorm", [[Tokens, Hidden]], [[Hidden], [Hidden]], p => Norm(new LayerSite(p[0], p[1])), (x, w) => [Layer(x[0], w[0], w[1])]),
        OnTape("SwiGLU", [[Tokens, Intermediate], [Tokens, Intermediate]], [], _ => Gate("silu"), (x, _) => [nn.functional.silu(x[0]).mul(x[1])]) with { Target = Twice },
        OnTape("GeGLU", [[Tokens, Intermediate], [Tokens, Intermediate]], [], _ => Gate("gelu"), (x, _) => [nn.functional.gelu(x[0]).mul(x[1])]),
        Turn(),
        CrossEntropy() with { Target = Twice },
        Distil(),
    ];

    public void Dispose() => owned.ForEach(o => o.Dispose());

    private CpuCase OnTape(string name, long[][] inputs, long[][] weights, Func<Parameter[], Func<Tape, Value[], Value[]>> own, Func<Tensor[], Tensor[], Tensor[]> plain)
    {
        Tensor[] x = [.. inputs.Select(s => Keep(randn(s)))], w = [.. weights.Select(s => Keep(randn(s)))];
        Parameter[] parameters = [.. w.Select((t, i) => new Parameter($"weight{i}", t.clone()) { Trains = true })];
        owned.AddRange(parameters);
        var body = own(parameters);
        Tensor[] leaves = [.. x.Concat(w).Select(t => Keep(t.clone()).requires_grad_(true))];
        Tensor[] places = [.. x.Select(t => Keep(t.clone()))];
        Tensor[]? seeds = null;
        Tensor[] Own()
        {
            using var guard = no_grad();
            using var tape = new Tape();
            Value[] values = [.. x.Select(tape.Input)];
            var outputs = body(tape, [.. values.Select((v, i) => tape.Apply(new Given(places[i]), v).Donate())]);
            Tensor[] results = [.. outputs.Select(o => o.Tensor.alias())];
            seeds ??= [.. results.Select(r => Keep(r.dim() == 0 ? ones([]) : randn(r.shape)))];
            for (var i = 0; i < outputs.Length; i++)
            {
                tape.AddLoss(outputs[i], seeds[i]);
            }

            tape.Backward();
            results = [.. results, .. values.Select(v => tape.GradientOf(v)!.alias()), .. parameters.Select(p => p.Gradient!.alias())];
            Array.ForEach(parameters, p => p.SetGradient(null));
            return results;
        }

        Tensor[] Plain()
        {
            var outputs = plain(leaves[..x.Length], leaves[x.Length..]);
            autograd.backward(outputs, seeds!);
            Tensor[] results = [.. outputs, .. leaves.Select(l => l.grad!.alias())];
            Array.ForEach(leaves, static l => l.grad = null);
            return results;
        }

        return new CpuCase($"{name} {string.Join(", ", inputs.Select(s => string.Join('x', s)).Distinct())}", () => Scoped(Own), () => Scoped(Plain), () => Error(Own, Plain))
        {
            Prepare = () =>
            {
                foreach (var (place, t) in places.Zip(x))
                {
                    place.copy_(t);
                }
            },
        };
    }

    private CpuCase Turn()
    {
        var angles = Keep(arange(0, Tokens, dtype: ScalarType.Float32).unsqueeze(1).mul(rand(1, HeadSize / 2)));
        var rotary = new RotaryAngles { Cosines = Keep(angles.cos()), Sines = Keep(angles.sin()) };
        Tensor Turned(Tensor x)
        {
            var (a, b) = (x.narrow(2, 0, HeadSize / 2), x.narrow(2, HeadSize / 2, HeadSize / 2));
            var (cos, sin) = (rotary.Cosines.unsqueeze(1), rotary.Sines.unsqueeze(1));
            return cat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin), Scalars.One)], 2);
        }

        return OnTape("RoPE", [[Tokens, 32, HeadSize], [Tokens, 8, HeadSize]], [], _ => TurnedInPlace(rotary), (x, _) => [Turned(x[0]), Turned(x[1])]);
    }

    private CpuCase CrossEntropy()
    {
        var (given, labels, factors, losses) = (Keep(randn(Tokens, Vocabulary)), Keep(randint(0, Vocabulary, [Tokens], dtype: ScalarType.Int64)), Keep(ones(Tokens)), Keep(empty(Tokens)));
        var (logits, leaf) = (Keep(given.clone()), Keep(given.clone()).requires_grad_(true));
        Tensor[] Own()
        {
            CrossEntropyLoops.Run(logits, labels, factors, losses, CrossEntropyTerms.None, differentiate: true);
            return [losses.sum(), logits];
        }

        Tensor[] Plain()
        {
            var loss = nn.functional.cross_entropy(leaf, labels, reduction: nn.Reduction.Sum);
            loss.backward();
            var gradient = leaf.grad!.alias();
            leaf.grad = null;
            return [loss, gradient];
        }

        return new CpuCase($"cross-entropy {Tokens}x{Vocabulary}", () => Scoped(Own), () => Scoped(Plain), () => Error(Own, Plain)) { Prepare = () => logits.copy_(given) };
    }

    private CpuCase Distil()
    {
        var (teacher, weights) = (Keep(randn(Tokens / 4, Vocabulary)), Keep(ones(Tokens / 4)));
        var log = Keep(teacher.log_softmax(1));
        return OnTape(
            "KL divergence",
            [[Tokens / 4, Vocabulary]],
            [],
            _ => (tape, x) => [tape.Apply(Divergence.KullbackLeibler(1, reverse: false), x[0], tape.Constant(teacher), tape.Constant(weights))],
            (x, _) => [log.exp().mul(log.sub(x[0].log_softmax(1))).sum()]);
    }

    private static Func<Tape, Value[], Value[]> Norm(INorm plain)
    {
        var block = (INorm)(plain.Centered ? new LigerLayerNorm().Replace(Site(plain)) : new LigerRmsNorm().Replace(Site(plain)));
        return (tape, x) => [block.Forward(tape, x[0])];
    }

    private static Func<Tape, Value[], Value[]> NormOfSum(INorm plain)
    {
        var block = (IResidualNorm)new LigerRmsNorm().Replace(Site(plain));
        return (tape, x) =>
        {
            var (normed, sum) = block.Forward(tape, x[0], x[1]);
            return [normed, sum];
        };
    }

    private static Func<Tape, Value[], Value[]> Gate(string activation)
    {
        var mlp = new TwoInputs(activation);
        var block = (IGatedMlp)new LigerGluActivation().Replace(Site(mlp));
        return (tape, x) =>
        {
            (mlp.First, mlp.Second) = (x[0], x[1]);
            return [block.Forward(tape, x[0])];
        };
    }

    private static Func<Tape, Value[], Value[]> TurnedInPlace(RotaryAngles angles)
    {
        var block = (IRotary)new LigerRope().Replace(Site(new AnyRotary()));
        return (tape, x) =>
        {
            var (query, key) = block.Forward(tape, x[0], x[1], angles);
            return [query, key];
        };
    }

    private static ModuleSite Site(IBlock plain)
    {
        var site = new ModuleSite("site", []);
        site.Fill(plain);
        return site;
    }

    private static Tensor Rms(Tensor x, Tensor w) => x.mul(x.mul(x).mean([-1L], keepdim: true).add(Scalars.Of(1e-5), Scalars.One).rsqrt()).mul(w);

    private static Tensor Layer(Tensor x, Tensor w, Tensor b)
    {
        var c = x.sub(x.mean([-1L], keepdim: true));
        return Rms(c, w).add(b, Scalars.One);
    }

    private static void Scoped(Func<Tensor[]> run)
    {
        using var scope = NewDisposeScope();
        run();
    }

    private static double Error(Func<Tensor[]> own, Func<Tensor[]> plain)
    {
        using var scope = NewDisposeScope();
        Tensor[] actual = [.. own().Select(static t => t.detach().clone())];
        return actual.Zip(plain(), static (a, e) => a.sub(e.detach()).norm().item<float>() / Math.Max(1e-6, e.detach().norm().item<float>())).Max();
    }

    private Tensor Keep(Tensor tensor)
    {
        owned.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
