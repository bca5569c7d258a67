using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Keyed;

/// <summary>Replaces the last norm by libtorch's operators.</summary>
[Provides("keyed_norm")]
public sealed class KeyedNorm : IModuleOverride
{
    public ModuleFeatures Supports => ModuleFeatures.None;

    public IEnumerable<string> Claim(IModuleTree model) => ["model.norm"];

    public IBlock Replace(ModuleSite site) => new Block((INorm)site.Original, rooted: true);

    internal sealed class Block(INorm plain, bool rooted) : INorm
    {
        public Parameter Weight => plain.Weight;

        public double Epsilon => plain.Epsilon;

        public Value Forward(Tape tape, Value x) => tape.Apply(new Differentiable("keyed", t => [Compute(t[0], t[1])], [plain.Weight]), x);

        private Tensor Compute(Tensor x, Tensor weight)
        {
            var square = x.mul(x).mean([-1L], keepdim: true).add(Scalars.Of(Epsilon), Scalars.One);
            return x.div(rooted ? square.sqrt() : square).mul(weight);
        }
    }
}

/// <summary>Computes something else than a norm.</summary>
[Provides("keyed_wrong")]
public sealed class WrongNorm : IModuleOverride
{
    public ModuleFeatures Supports => ModuleFeatures.None;

    public IEnumerable<string> Claim(IModuleTree model) => model.Of<INorm>().Select(s => s.Path).Where(p => p != "model.norm");

    public IBlock Replace(ModuleSite site) => new KeyedNorm.Block((INorm)site.Original, rooted: false);
}

/// <summary>Wraps the last norm and adds nothing.</summary>
[Provides("keyed_sleeve")]
public sealed class KeyedSleeve : IModuleOverride
{
    public ModuleFeatures Supports => ModuleFeatures.None;

    public OverrideKind Kind => OverrideKind.Wrap;

    public IEnumerable<string> Claim(IModuleTree model) => ["model.norm"];

    public IBlock Replace(ModuleSite site) => site.Current;
}
