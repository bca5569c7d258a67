using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;

namespace Neoteny.Plugins.Sleeve;

/// <summary>Wraps every norm and adds nothing.</summary>
[Provides("sleeve")]
public sealed class SleeveNorm : IModuleOverride
{
    public ModuleFeatures Supports => ModuleFeatures.None;

    public OverrideKind Kind => OverrideKind.Wrap;

    public IEnumerable<string> Claim(IModuleTree model) => model.Of<INorm>().Select(s => s.Path);

    public IBlock Replace(ModuleSite site) => new Block((INorm)site.Current);

    private sealed class Block(INorm inner) : INorm
    {
        public Parameter Weight => inner.Weight;

        public double Epsilon => inner.Epsilon;

        public override string ToString() => $"sleeve of {inner.GetType().Assembly.GetName().Name} {inner.GetType().Assembly.GetName().Version!.ToString(2)}";

        public Value Forward(Tape tape, Value x) => inner.Forward(tape, x);
    }
}
