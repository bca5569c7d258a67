using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Plain;

/// <summary>The gated MLP.</summary>
internal sealed class PlainMlp : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "gate_proj")]
    private readonly nn.Module<Tensor, Tensor> gate;
    [ComponentName(Name = "up_proj")]
    private readonly nn.Module<Tensor, Tensor> up;
    [ComponentName(Name = "down_proj")]
    private readonly nn.Module<Tensor, Tensor> down;

    public PlainMlp(PlainConfig config)
        : base(nameof(PlainMlp))
    {
        gate = PlainLlama.Linear(config, config.Hidden, config.Intermediate);
        up = PlainLlama.Linear(config, config.Hidden, config.Intermediate);
        down = PlainLlama.Linear(config, config.Intermediate, config.Hidden);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return down.call(nn.functional.silu(gate.call(x)) * up.call(x)).MoveToOuterDisposeScope();
    }
}
