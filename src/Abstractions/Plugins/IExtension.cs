namespace Neoteny.Plugins;

/// <summary>An implementation that says which optional semantics it computes.</summary>
/// <typeparam name="TFeatures">A <c>[Flags]</c> enumeration over <see cref="long"/>, owned by the extension point.</typeparam>
/// <remarks>
/// The host refuses <c>demands &amp; ~Supports</c> by name before the first step: an implementation built before a feature existed would
/// otherwise ignore the new input and compute something else. Bits are never reused.
/// </remarks>
public interface IExtension<TFeatures>
    where TFeatures : struct, Enum
{
    /// <summary>Every optional semantic this implementation computes. Constant over its life.</summary>
    TFeatures Supports { get; }
}
