using Neoteny.Autograd;
using Neoteny.Modules;

namespace Neoteny.Plugins.Liger;

/// <summary>Takes every rotary embedding.</summary>
[Provides(ExtensionName, Summary = "Rotary embedding in place.")]
public sealed class LigerRope : IModuleOverride
{
    internal const string ExtensionName = "liger_rope";

    /// <inheritdoc/>
    public ModuleFeatures Supports => ModuleFeatures.None;

    /// <inheritdoc/>
    public IEnumerable<string> Claim(IModuleTree model) => model.Of<IRotary>().Select(s => s.Path);

    /// <inheritdoc/>
    public IBlock Replace(ModuleSite site) => new Block((IRotary)site.Original);

    private sealed class Block(IRotary plain) : IRotary
    {
        public int RotatedSize => plain.RotatedSize;

        public bool IsCapturable => true;

        public (Value Query, Value Key) Forward(Tape tape, Value query, Value key, RotaryAngles positions)
        {
            var turned = tape.ApplyMany(new InPlaceRotary(positions, query.IsExpendable && key.IsExpendable), query, key);
            return (turned[0], turned[1]);
        }
    }
}
