namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>The tokens of one piece; token i stands for the units <c>Starts[i]..Ends[i]</c> of the piece.</summary>
internal sealed record Word(int[] Ids, int[] Starts, int[] Ends)
{
    public static Word Empty { get; } = new([], [], []);

    public static Word Single(int id, int length) => new([id], [0], [length]);
}
