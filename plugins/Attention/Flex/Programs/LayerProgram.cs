using System.Linq.Expressions;
using Neoteny.Plugins.Flex.Expressions;

namespace Neoteny.Plugins.Flex;

/// <summary>The user's program joined with what a layer demands: one mask and a chain of score modifications, as delegates and as CUDA source.</summary>
internal sealed class LayerProgram
{
    private const string Places = "int document, int head, int query, int key, int length";

    private LayerProgram(Node mask, IReadOnlyList<Node> scores, bool causal, int window)
    {
        (Mask, Scores, Causal, Window) = (mask, scores, causal, window);
        Source = Spell();
        Sees = Expression.Lambda<Func<int, int, int, int, int, bool>>(DelegateBody.Of(mask, null), DelegateBody.Places).Compile();
        var score = Expression.Parameter(typeof(float), nameof(Variable.Score));
        Modify = Expression.Lambda<Func<float, int, int, int, int, int, float>>(Chain(score, withSlope: false), [score, .. DelegateBody.Places]).Compile();
        Slope = Expression.Lambda<Func<float, int, int, int, int, int, float>>(Chain(score, withSlope: true), [score, .. DelegateBody.Places]).Compile();
    }

    /// <summary>True where a query sees a key of its document.</summary>
    public Node Mask { get; }

    /// <summary>One after the other.</summary>
    public IReadOnlyList<Node> Scores { get; }

    /// <summary>Whether no query sees a later key, whatever else holds.</summary>
    public bool Causal { get; }

    /// <summary>Keys that a query sees at most; 0 for all.</summary>
    public int Window { get; }

    /// <summary>Whether the mask differs between heads.</summary>
    public bool IsPerHead => Mask.Reads(Variable.Head);

    /// <summary>CUDA: the functions <c>flex_mask</c>, <c>flex_score</c> and <c>flex_score_slope</c>, and what all kernels share.</summary>
    public string Source { get; }

    /// <summary>The mask: document, head, query, key, length.</summary>
    public Func<int, int, int, int, int, bool> Sees { get; }

    /// <summary>The modified score.</summary>
    public Func<float, int, int, int, int, int, float> Modify { get; }

    /// <summary>Its derivative by the score.</summary>
    public Func<float, int, int, int, int, int, float> Slope { get; }

    /// <summary>Joins a program with a layer.</summary>
    /// <exception cref="InputException">The program that the layer names cannot be read.</exception>
    public static LayerProgram Of(FlexProgram program, LayerKey layer)
    {
        List<MaskModification> masks = [.. program.Masks];
        List<ScoreModification> scores = [.. program.Scores];
        if (layer.Program is { } own)
        {
            if (BuiltIns.Mask(own) is not null || TextParser.Parse(BuiltIns.Score(own) ?? own, [1]).Type == NodeType.Truth)
            {
                masks.Add(MaskModification.Parse(own));
            }
            else
            {
                scores.Add(ScoreModification.Parse(own));
            }
        }

        var causal = layer.Causal && !masks.Any(m => m.LiftsCausal);
        var mask = masks.Select(m => m.Program).Aggregate(Build.True, (a, b) => Build.Binary("&&", a, b));
        mask = layer.Window > 0 ? Build.Binary("&&", TextParser.Parse($"q - k < {layer.Window}", []), mask) : mask;
        mask = causal ? Build.Binary("&&", TextParser.Parse("k <= q", []), mask) : mask;
        var chain = scores.Select(s => s.For(layer.Heads));
        if (layer.Softcap > 0)
        {
            var cap = Build.Real(layer.Softcap);
            chain = chain.Prepend(Build.Binary("*", cap, Build.Call(Function.Of("Tanh"), Build.Binary("/", Build.Of(Variable.Score), cap))));
        }

        return new LayerProgram(mask, [.. chain], causal, layer.Window);
    }

    private Expression Chain(Expression score, bool withSlope)
    {
        List<ParameterExpression> locals = [];
        List<Expression> steps = [];
        Expression slope = Expression.Constant(1f);
        foreach (var node in Scores)
        {
            var (next, factor) = (Expression.Variable(typeof(float)), DelegateBody.Of(Derivative.Of(node), score));
            locals.Add(next);
            steps.Add(Expression.Assign(next, DelegateBody.Of(node, score)));
            (score, slope) = (next, Expression.Multiply(slope, factor));
        }

        return Expression.Block(locals, [.. steps, withSlope ? slope : score]);
    }

    private string Spell()
    {
        var text = new CudaText();
        var mask = text.Of(Mask, "");
        List<string> steps = [], slopes = [];
        for (var i = 0; i < Scores.Count; i++)
        {
            steps.Add($"    float s{i + 1} = {text.Of(Scores[i], $"s{i}")};\n");
            slopes.Add($"    slope *= {text.Of(Derivative.Of(Scores[i]), $"s{i}")};\n");
        }

        return $$"""
            #include "neoteny.cuh"
            using namespace neoteny;
            #define FULL_BIT 0x40000000
            #define FLEX_SCORE {{(Scores.Count > 0 ? 1 : 0)}}
            __device__ __forceinline__ float flex_tanh(float x) {
            #ifdef FLEX_FAST
                float e, r;
                asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(e) : "f"(x * 2.8853900817779268f));
                asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(e + 1.0f));
                return 1.0f - 2.0f * r;
            #else
                return tanhf(x);
            #endif
            }
            {{text.Tables}}__device__ __forceinline__ bool flex_mask({{Places}}) {
                return {{mask}};
            }
            __device__ __forceinline__ float flex_score(float s0, {{Places}}) {
            {{string.Concat(steps)}}    return s{{Scores.Count}};
            }
            __device__ __forceinline__ float flex_score_slope(float s0, {{Places}}, float& slope) {
                slope = 1.0f;
            {{string.Concat(steps.Zip(slopes, (a, b) => a + b))}}    return s{{Scores.Count}};
            }

            """;
    }
}
