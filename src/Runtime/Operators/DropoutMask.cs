using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Dropout masks made again from a key instead of being saved.</summary>
public static class DropoutMask
{
    /// <summary>A mask of 0 and <c>1 / (1 - p)</c> in the shape, dtype and device of <paramref name="like"/>; null when p is 0.</summary>
    /// <param name="probability">Probability of a zero.</param>
    /// <param name="like">The tensor to be masked.</param>
    /// <param name="key">The call's random key.</param>
    /// <param name="index">Tells several masks of one call apart.</param>
    public static Tensor? Of(double probability, Tensor like, ulong key, int index = 0)
    {
        if (probability == 0)
        {
            return null;
        }

        using var generator = new Generator(key ^ ((ulong)index * 0xD1342543DE82EF95UL), like.device);
        var mask = empty_like(like);
        return mask.bernoulli_(1 - probability, generator).mul_(Scalars.Of(1 / (1 - probability)));
    }
}
