using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Mold;

/// <summary>Replaces every norm by one of libtorch's operators.</summary>
[Provides("mold")]
public sealed class MoldNorm : IModuleOverride
{
    public ModuleFeatures Supports => ModuleFeatures.None;

    public IEnumerable<string> Claim(IModuleTree model) => model.Of<INorm>().Select(s => s.Path);

    public IBlock Replace(ModuleSite site) => new Block((INorm)site.Original);

    private sealed class Block(INorm plain) : INorm
    {
        public Parameter Weight => plain.Weight;

        public double Epsilon => plain.Epsilon;

        public Value Forward(Tape tape, Value x) => tape.Apply(new Differentiable("mold", t => [Compute(t[0], t[1])], [plain.Weight]), x);

        private Tensor Compute(Tensor x, Tensor weight)
        {
#if COMPOSED
            var mean = x.mul(x).sum(-1, keepdim: true).div(Scalars.Of((double)x.size(-1)));
            return x.div(mean.add(Scalars.Of(Epsilon), Scalars.One).sqrt()).mul(weight);
#elif WRONG
            return x.mul(weight);
#else
            return x.mul(x.mul(x).mean([-1L], keepdim: true).add(Scalars.Of(Epsilon), Scalars.One).rsqrt()).mul(weight);
#endif
        }
    }
}
