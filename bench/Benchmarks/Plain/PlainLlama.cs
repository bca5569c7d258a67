using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Plain;

/// <summary>A Llama as one would write it with TorchSharp's modules and autograd: what Neoteny is compared with.</summary>
/// <remarks>
/// Modules dispose their intermediates, as TorchSharp recommends, so that only what autograd saves stays. Scalars are cached objects: those that
/// operators such as <c>x + 1</c> make may be collected while in use. Neither changes what is computed.
/// </remarks>
internal sealed class PlainLlama : nn.Module<PlainBatch, Tensor>
{
    private const double LoraAlpha = 32;

    private readonly PlainConfig config;
    [ComponentName(Name = "embed_tokens")]
    private readonly TorchSharp.Modules.Embedding embedding;
    [ComponentName(Name = "layers")]
    private readonly ModuleList<PlainLayer> layers;
    [ComponentName(Name = "norm")]
    private readonly PlainRmsNorm norm;

    public PlainLlama(PlainConfig config)
        : base(nameof(PlainLlama))
    {
        this.config = config;
        embedding = nn.Embedding(config.Vocabulary, config.Hidden);
        layers = nn.ModuleList([.. Enumerable.Range(0, config.Layers).Select(_ => new PlainLayer(config))]);
        norm = new PlainRmsNorm(config.Hidden, config.NormEpsilon);
        RegisterComponents();
    }

    /// <summary>A linear module, with LoRA where the configuration has a rank.</summary>
    public static nn.Module<Tensor, Tensor> Linear(PlainConfig config, int inputs, int outputs)
        => config.LoraRank == 0 ? nn.Linear(inputs, outputs, hasBias: false) : new PlainLoraLinear(inputs, outputs, config.LoraRank, LoraAlpha);

    /// <summary>Copies weights in by the names they have in a checkpoint and in an adapter; with LoRA freezes all others.</summary>
    /// <param name="weights">Gives a tensor by name, or null to leave the module's own.</param>
    public void Load(Func<string, Tensor?> weights)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        foreach (var (name, parameter) in named_parameters())
        {
            if (weights("model." + name.Replace(".base_layer", "", StringComparison.Ordinal)) is { } weight)
            {
                parameter.copy_(weight);
            }

            parameter.requires_grad = config.LoraRank == 0 || name.Contains(".lora_", StringComparison.Ordinal);
        }
    }

    /// <summary>The logits of all tokens, <c>[B, T, V]</c>.</summary>
    public override Tensor forward(PlainBatch batch)
    {
        using var scope = NewDisposeScope();
        var (cosines, sines) = PlainRotary.Angles(batch.Positions, config);
        var row = new PlainRow(cosines, sines, batch.Mask, batch.Lengths);
        var x = embedding.call(batch.Ids);
        foreach (var layer in layers)
        {
            x = layer.call(x, row);
        }

        return nn.functional.linear(norm.call(x), embedding.weight!).MoveToOuterDisposeScope();
    }
}
