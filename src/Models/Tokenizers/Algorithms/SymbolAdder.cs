namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>Collects the first symbols of a word; what has none becomes the unknown token, or vanishes where there is no such token.</summary>
internal sealed class SymbolAdder(int capacity, int? unknown, bool fuses)
{
    private readonly SymbolList symbols = new(capacity);
    private (int Start, int End)? pending;

    public void Add(int? id, int start, int end)
    {
        if (id is { } known)
        {
            Flush();
            symbols.Add(known, start, end);
        }
        else if (unknown is not null && fuses && pending is { } run)
        {
            pending = (run.Start, end);
        }
        else if (unknown is not null)
        {
            Flush();
            pending = (start, end);
        }
    }

    public SymbolList Finish()
    {
        Flush();
        return symbols;
    }

    private void Flush()
    {
        if (pending is { } run)
            symbols.Add(unknown!.Value, run.Start, run.End);
        pending = null;
    }
}
