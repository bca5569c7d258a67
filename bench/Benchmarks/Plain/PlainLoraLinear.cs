using Neoteny.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Plain;

/// <summary>A frozen linear map with a trained low-rank delta: <c>base(x) + scale * B(A(x))</c>.</summary>
internal sealed class PlainLoraLinear : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "base_layer")]
    private readonly Linear baseLayer;
    [ComponentName(Name = "lora_A")]
    private readonly Linear down;
    [ComponentName(Name = "lora_B")]
    private readonly Linear up;
    private readonly double scale;

    public PlainLoraLinear(int inputs, int outputs, int rank, double alpha)
        : base(nameof(PlainLoraLinear))
    {
        baseLayer = nn.Linear(inputs, outputs, hasBias: false);
        down = nn.Linear(inputs, rank, hasBias: false);
        up = nn.Linear(rank, outputs, hasBias: false);
        nn.init.zeros_(up.weight);
        scale = alpha / rank;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return baseLayer.call(x).add(up.call(down.call(x)).mul(Scalars.Of(scale)), Scalars.One).MoveToOuterDisposeScope();
    }
}
