using System.Text;
using Neoteny.Models.Tokenizers.Unicode;

namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>The unigram language model: the most probable segmentation of a piece, found by Viterbi's algorithm.</summary>
/// <remarks>
/// Kudo 2018 (arXiv:1804.10959). A character without an entry of its own costs the lowest score less ten; neighbouring unknown ones are
/// one token, written in byte tokens where the vocabulary has them and asks for it.
/// </remarks>
internal sealed class UnigramModel : ITokenModel
{
    private const double UnknownPenalty = 10;
    private readonly double[] scores;
    private readonly PieceTrie trie = new();
    private readonly WordCache cache = new();
    private readonly int? unknown;
    private readonly int[]? byteTokens;
    private readonly double unknownScore;

    public UnigramModel(IReadOnlyList<(string Piece, double Score)> entries, int? unknown, bool byteFallback)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        scores = new double[entries.Count];
        for (var id = 0; id < entries.Count; id++)
        {
            ids[entries[id].Piece] = id;
            scores[id] = entries[id].Score;
            if (entries[id].Piece.Length > 0)
                trie.Add(entries[id].Piece, id);
        }

        Vocabulary = new Vocabulary(ids);
        this.unknown = unknown;
        unknownScore = scores.DefaultIfEmpty(0).Min() - UnknownPenalty;
        byteTokens = byteFallback ? Vocabulary.ByteTokens() : null;
    }

    public Vocabulary Vocabulary { get; }

    public Word Encode(ReadOnlySpan<char> piece)
    {
        if (piece.Length == 0)
            return Word.Empty;
        if (cache.TryGet(piece, out var known))
            return known!;
        var word = Collect(piece, BestPath(piece));
        cache.Add(piece, word);
        return word;
    }

    private Step[] BestPath(ReadOnlySpan<char> piece)
    {
        var best = new Step[piece.Length + 1];
        best.AsSpan().Fill(new Step(double.NegativeInfinity, -1, -1));
        best[0] = new Step(0, -1, -1);
        for (var start = 0; start < piece.Length;)
        {
            var character = CharacterTests.LengthOfRune(piece[start..]);
            var alone = false;
            for (var (end, node) = (start, 0); end < piece.Length;)
            {
                node = trie.Follow(node, piece[end++]);
                if (node < 0)
                    break;
                if (trie.EntryAt(node) is not (>= 0 and var id))
                    continue;
                Offer(best, start, end, id, scores[id]);
                alone |= end - start == character;
            }

            if (!alone)
                Offer(best, start, start + character, -1, unknownScore);
            start += character;
        }

        return best;
    }

    private static void Offer(Step[] best, int start, int end, int id, double score)
    {
        score += best[start].Score;
        if (best[end].Start < 0 || score > best[end].Score)
            best[end] = new Step(score, start, id);
    }

    private Word Collect(ReadOnlySpan<char> piece, Step[] best)
    {
        var path = new List<(int Id, int Start, int End)>();
        for (var end = piece.Length; end > 0; end = best[end].Start)
        {
            var id = best[end].Id == unknown ? -1 : best[end].Id;
            if (id < 0 && path.Count > 0 && path[^1].Id < 0)
                path[^1] = (-1, best[end].Start, path[^1].End);
            else
                path.Add((id, best[end].Start, end));
        }

        path.Reverse();
        var symbols = new List<(int Id, int Start, int End)>(path.Count);
        foreach (var part in path)
            Resolve(piece, part, symbols);
        return new Word([.. symbols.Select(s => s.Id)], [.. symbols.Select(s => s.Start)], [.. symbols.Select(s => s.End)]);
    }

    private void Resolve(ReadOnlySpan<char> piece, (int Id, int Start, int End) part, List<(int Id, int Start, int End)> output)
    {
        if (part.Id >= 0)
        {
            output.Add(part);
        }
        else if (byteTokens is not null)
        {
            foreach (var value in Encoding.UTF8.GetBytes(piece[part.Start..part.End].ToString()))
                output.Add((byteTokens[value], part.Start, part.End));
        }
        else
        {
            output.Add((unknown ?? throw new InputException(
                $"The tokenizer has no unknown token (unk_id), but its vocabulary cannot write '{piece[part.Start..part.End]}'."), part.Start, part.End));
        }
    }

    private readonly record struct Step(double Score, int Start, int Id);
}
