using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Plugins;

namespace PluginNamespace;

/// <summary>Replaces every RMSNorm of a model; layer norms keep their plain block.</summary>
[Provides("my_plugin", Summary = "RMSNorm with a backward pass of its own.")]
public sealed class PlainNorm : IModuleOverride
{
    /// <inheritdoc/>
    public ModuleFeatures Supports => ModuleFeatures.None;

    /// <inheritdoc/>
    public IEnumerable<string> Claim(IModuleTree model)
        => model.Of<INorm>().Where(site => site.Original is INorm { Centered: false, Bias: null }).Select(site => site.Path);

    /// <inheritdoc/>
    public IBlock Replace(ModuleSite site) => new Block((INorm)site.Original);

    private sealed class Block(INorm plain) : INorm
    {
        private readonly NormOperator norm = new(plain.Weight, plain.Epsilon, plain.Offset);

        public Parameter Weight => plain.Weight;

        public double Epsilon => plain.Epsilon;

        public double Offset => plain.Offset;

        public Value Forward(Tape tape, Value x) => tape.Apply(norm, x);
    }
}
