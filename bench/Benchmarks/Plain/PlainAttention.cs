using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Plain;

/// <summary>Self attention with grouped heads and libtorch's scaled dot product attention.</summary>
internal sealed class PlainAttention : nn.Module<Tensor, PlainRow, Tensor>
{
    private readonly PlainConfig config;
    [ComponentName(Name = "q_proj")]
    private readonly nn.Module<Tensor, Tensor> query;
    [ComponentName(Name = "k_proj")]
    private readonly nn.Module<Tensor, Tensor> key;
    [ComponentName(Name = "v_proj")]
    private readonly nn.Module<Tensor, Tensor> value;
    [ComponentName(Name = "o_proj")]
    private readonly nn.Module<Tensor, Tensor> output;

    public PlainAttention(PlainConfig config)
        : base(nameof(PlainAttention))
    {
        this.config = config;
        query = PlainLlama.Linear(config, config.Hidden, config.Heads * config.HeadSize);
        key = PlainLlama.Linear(config, config.Hidden, config.KeyHeads * config.HeadSize);
        value = PlainLlama.Linear(config, config.Hidden, config.KeyHeads * config.HeadSize);
        output = PlainLlama.Linear(config, config.Heads * config.HeadSize, config.Hidden);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, PlainRow row)
    {
        using var scope = NewDisposeScope();
        var q = PlainRotary.Turn(Heads(query.call(x), config.Heads), row.Cosines, row.Sines);
        var k = Repeated(PlainRotary.Turn(Heads(key.call(x), config.KeyHeads), row.Cosines, row.Sines));
        var v = Repeated(Heads(value.call(x), config.KeyHeads));
        var attended = row.Lengths is null
            ? nn.functional.scaled_dot_product_attention(q, k, v, row.Mask, is_casual: row.Mask is null)
            : cat([.. q.split(row.Lengths, 2).Zip(k.split(row.Lengths, 2), v.split(row.Lengths, 2)).Select(
                static d => nn.functional.scaled_dot_product_attention(d.First, d.Second, d.Third, is_casual: true))], 2);
        return output.call(attended.transpose(1, 2).flatten(2)).MoveToOuterDisposeScope();
    }

    private Tensor Heads(Tensor x, int heads) => x.view(x.size(0), x.size(1), heads, config.HeadSize).transpose(1, 2);

    private Tensor Repeated(Tensor x) => config.Heads == config.KeyHeads ? x : x.repeat_interleave(config.Heads / config.KeyHeads, 1);
}
