using Neoteny.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Plain;

/// <summary>RMSNorm written with tensor operations.</summary>
internal sealed class PlainRmsNorm : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter weight;
    private readonly double epsilon;

    public PlainRmsNorm(int size, double epsilon)
        : base(nameof(PlainRmsNorm))
    {
        this.epsilon = epsilon;
        weight = nn.Parameter(ones(size));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var inverse = rsqrt(x.pow(Scalars.Of(2.0)).mean([-1L], keepdim: true).add(Scalars.Of(epsilon)));
        return (x * inverse * weight).MoveToOuterDisposeScope();
    }
}
