using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Makes the calls of a site from its role and the sizes of its parameters.</summary>
internal static class SiteCalls
{
    /// <summary>The calls that a site's block answers; none for a role without a reference.</summary>
    /// <param name="site">The site.</param>
    /// <param name="lengths">Documents of the row.</param>
    /// <param name="settings">Device and seed.</param>
    /// <param name="dtype">Dtype of the activations.</param>
    public static IReadOnlyList<SiteCall> Of(ModuleSite site, IReadOnlyList<int> lengths, ConformanceSettings settings, ScalarType dtype)
    {
        using var draw = settings.Draw();
        var tokens = lengths.Sum();
        Tensor X(params long[] shape) => draw.Normal(dtype, shape);
        SiteCall Call(string name, Tensor[] inputs, Func<IBlock, Tape, Value[], SiteCall, Value[]> invoke, Tensor? indices = null)
            => new SiteCall(name, settings.Seed, inputs, invoke) { Indices = indices }.With(dtype);

        switch (site.Original)
        {
            case IEmbedding e:
                return [Call("embedding", [], (b, t, _, c) => [((IEmbedding)b).Forward(t, c.Indices!)], Indices(tokens, e.Weight.Shape[0], settings))];
            case INorm n:
                return
                [
                    Call("norm", [site.Path.EndsWith("self_attn.q_norm", StringComparison.Ordinal) ? X(tokens, 3, n.Weight.Shape[0]) : X(tokens, n.Weight.Shape[0])], (b, t, v, _) => [((INorm)b).Forward(t, v[0])]),
                    Call("norm with residual", [X(tokens, n.Weight.Shape[0]), X(tokens, n.Weight.Shape[0])], (b, t, v, _) => WithResidual((INorm)b, t, v[0], v[1])),
                ];
            case IHead h:
                return [Call("head", [X(tokens, h.Weight.Shape[1])], (b, t, v, _) => [((IHead)b).Forward(t, v[0])])];
            case ILinear l:
                return [Call("linear", [X(tokens, l.Weight.Shape[1])], (b, t, v, _) => [((ILinear)b).Forward(t, v[0])])];
            case IGatedMlp m:
                return [Call("gated mlp", [X(tokens, m.Gate.Weight.Shape[1])], (b, t, v, _) => [((IGatedMlp)b).Forward(t, v[0])])];
            case IFusedGatedMlp f:
                return [Call("fused gated mlp", [X(tokens, f.GateUp.Weight.Shape[1])], (b, t, v, _) => [((IFusedGatedMlp)b).Forward(t, v[0])])];
            case IFusedProjections p:
                return [Call("fused projections", [X(tokens, p.Whole.Weight.Shape[1])], (b, t, v, _) => ProjectFused((IFusedProjections)b, t, v[0]))];
            case IProjections p:
                return [Call("projections", [X(tokens, p.Query.Weight.Shape[1])], (b, t, v, _) => Project((IProjections)b, t, v[0]))];
            case IRotary r:
                return [new SiteCall("rotary", settings.Seed, [X(tokens, 4, r.RotatedSize + Passed(site)), X(tokens, 2, r.RotatedSize + Passed(site))], Turn)
                {
                    Angles = Angles(lengths, r.RotatedSize, settings.Device),
                }.With(dtype)];
            case IAttentionBlock { Projections: { } projections } a:
                return [new SiteCall("attention block", settings.Seed, [X(tokens, projections.Query.Weight.Shape[1])],
                    (b, t, v, c) => [((IAttentionBlock)b).Forward(t, v[0], new RowContext { Layout = c.Layout!, Angles = c.Angles! })])
                {
                    Slack = 2,
                    Layout = SequenceLayout.Of(lengths, settings.Device),
                    Angles = Angles(lengths, Rotated(site, a), settings.Device),
                }.With(dtype)];
            case IExperts x:
                var (count, k) = (x.GateUp.Shape[0], (int)Math.Min(2, x.GateUp.Shape[0]));
                return [Call("experts", [X(tokens, x.GateUp.Shape[2]), draw.Normal(ScalarType.Float32, tokens, k)], Mix, Choose(tokens, k, count, settings))];
            default:
                return [];
        }
    }

    private static Value[] WithResidual(INorm norm, Tape tape, Value x, Value residual)
    {
        if (norm is IResidualNorm fused)
        {
            var (normed, total) = fused.Forward(tape, x, residual);
            return [normed, total];
        }

        var sum = tape.Apply(Add.Instance, x, residual);
        return [norm.Forward(tape, sum), sum];
    }

    private static Value[] Project(IProjections projections, Tape tape, Value x)
    {
        var (q, k, v) = projections.Forward(tape, x);
        return [q, k, v];
    }

    private static Value[] ProjectFused(IFusedProjections projections, Tape tape, Value x)
    {
        var (q, k, v) = projections.Forward(tape, x);
        return [q, k, v];
    }

    private static Value[] Turn(IBlock block, Tape tape, Value[] values, SiteCall call)
    {
        var (q, k) = ((IRotary)block).Forward(tape, values[0], values[1], call.Angles!);
        return [q, k];
    }

    private static Value[] Mix(IBlock block, Tape tape, Value[] values, SiteCall call)
        => [((IExperts)block).Forward(tape, values[0], new Routing { Logits = values[1], Experts = tape.Constant(call.Indices!), Weights = values[1] })];

    /// <summary>Features of a head that do not turn, where a tiny model has some.</summary>
    private static int Passed(ModuleSite rotary) => rotary.Original is PlainRotary plain && plain.RotatedSize == 8 ? 8 : 0;

    private static int Rotated(ModuleSite block, IAttentionBlock attention)
        => block.Below().Select(s => s.Original).OfType<IRotary>().FirstOrDefault()?.RotatedSize ?? attention.Spec.HeadSize;

    private static RotaryAngles Angles(IReadOnlyList<int> lengths, int rotated, Device device)
    {
        var positions = lengths.SelectMany(l => Enumerable.Range(0, l)).ToArray();
        var half = rotated / 2;
        double Angle(int i) => positions[i / half] * Math.Pow(100, -(double)(i % half) / half);
        var angles = Enumerable.Range(0, positions.Length * half).Select(Angle).ToArray();
        return new RotaryAngles
        {
            Cosines = tensor(angles.Select(a => (float)Math.Cos(a)).ToArray()).reshape(positions.Length, half).to(device),
            Sines = tensor(angles.Select(a => (float)Math.Sin(a)).ToArray()).reshape(positions.Length, half).to(device),
        };
    }

    private static Tensor Indices(int count, long below, ConformanceSettings settings)
        => tensor(Enumerable.Range(0, count).Select(i => i * 7919L % below).ToArray()).to(settings.Device);

    /// <summary>Distinct experts for each token, unevenly: the last expert gets none, the first many.</summary>
    private static Tensor Choose(int tokens, int k, long experts, ConformanceSettings settings)
        => tensor(Enumerable.Range(0, tokens * k).Select(i => i % k == 0 ? i / k % 3 == 0 ? 0L : i / k % Math.Max(1, experts - 1) : Second(i / k, experts)).ToArray())
            .reshape(tokens, k).to(settings.Device);

    private static long Second(int token, long experts)
    {
        var first = token % 3 == 0 ? 0L : token % Math.Max(1, experts - 1);
        return (first + 1 + (token % 2)) % Math.Max(2, experts - 1);
    }
}
