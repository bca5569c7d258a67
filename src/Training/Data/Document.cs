using Neoteny.Batches;

namespace Neoteny.Training.Data;

/// <summary>A tokenized document: what attention sees as one sequence.</summary>
/// <param name="Ids">Token ids.</param>
/// <param name="Labels">As many labels, unshifted (the label at t is compared with the prediction at t - 1); <see cref="MicroBatch.Ignored"/> where untrained.</param>
public sealed record Document(int[] Ids, int[] Labels)
{
    /// <summary>The number of tokens.</summary>
    public int Length => Ids.Length;

    /// <summary>How many predictions are trained: the first token is never predicted.</summary>
    public int TrainedTokens => Labels.Skip(1).Count(l => l != MicroBatch.Ignored);

    /// <summary>A document of which every token is trained.</summary>
    public static Document Whole(int[] ids) => new(ids, ids);

    /// <summary>A document made of a prompt that is trained only if <paramref name="trainPrompt"/>, and a trained answer.</summary>
    public static Document Of(int[] prompt, int[] answer, bool trainPrompt)
    {
        int[] ids = [.. prompt, .. answer];
        return trainPrompt ? Whole(ids) : Masked(ids, t => t >= prompt.Length);
    }

    /// <summary>A document of which the tokens at the positions that <paramref name="trained"/> accepts are trained.</summary>
    public static Document Masked(int[] ids, Func<int, bool> trained)
        => new(ids, [.. ids.Select((id, t) => trained(t) ? id : (int)MicroBatch.Ignored)]);

    /// <summary>The first <paramref name="length"/> tokens.</summary>
    public Document Truncate(int length) => new(Ids[..length], Labels[..length]);
}
