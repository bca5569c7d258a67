using Neoteny.Runtime;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Plain;

/// <summary>One pre-norm decoder layer.</summary>
internal sealed class PlainLayer : nn.Module<Tensor, PlainRow, Tensor>
{
    [ComponentName(Name = "input_layernorm")]
    private readonly PlainRmsNorm attentionNorm;
    [ComponentName(Name = "self_attn")]
    private readonly PlainAttention attention;
    [ComponentName(Name = "post_attention_layernorm")]
    private readonly PlainRmsNorm mlpNorm;
    [ComponentName(Name = "mlp")]
    private readonly PlainMlp mlp;

    public PlainLayer(PlainConfig config)
        : base(nameof(PlainLayer))
    {
        attentionNorm = new PlainRmsNorm(config.Hidden, config.NormEpsilon);
        attention = new PlainAttention(config);
        mlpNorm = new PlainRmsNorm(config.Hidden, config.NormEpsilon);
        mlp = new PlainMlp(config);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, PlainRow row)
    {
        using var scope = NewDisposeScope();
        var sum = x.add(attention.call(attentionNorm.call(x), row), Scalars.One);
        return sum.add(mlp.call(mlpNorm.call(sum)), Scalars.One).MoveToOuterDisposeScope();
    }
}
