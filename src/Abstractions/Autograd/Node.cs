using static TorchSharp.torch;

namespace Neoteny.Autograd;

/// <summary>One applied operator, or one checkpointed segment.</summary>
internal sealed class Node
{
    public required Operator Operator { get; init; }

    public required Value[] Inputs { get; init; }

    public required RandomSource Random { get; init; }

    public Value[] Outputs { get; set; } = [];

    public List<int> SavedInputs { get; } = [];

    public List<int> SavedOutputs { get; } = [];

    /// <summary>Outputs that are made again in backward instead of being kept, one bit each.</summary>
    public uint CheapOutputs { get; set; }

    public List<Tensor> Extras { get; private set; } = [];

    public List<long>? SavedVersions { get; set; }

    public object? State { get; set; }

    /// <summary>The values whose tensors backward will read.</summary>
    public IEnumerable<Value> SavedValues => SavedInputs.Select(i => Inputs[i]).Concat(SavedOutputs.Select(i => Outputs[i]));

    /// <summary>Notes which outputs share storage with an input, or with somebody outside of the tape (one bit each).</summary>
    public void ShareStorage(ulong borrowed = 0)
    {
        for (var i = 0; i < Outputs.Length; i++)
        {
            if (((borrowed >> i) & 1) != 0)
            {
                Outputs[i].Alias = new Alias { IsForeign = true };
            }

            if (Operator.SharesStorage(i) is >= 0 and var input)
            {
                Outputs[i].Alias = Inputs[input].Alias;
            }
        }
    }

    public void HoldSaved()
    {
        foreach (var i in SavedInputs)
        {
            Inputs[i].Hold();
        }

        foreach (var i in SavedOutputs)
        {
            Outputs[i].Hold();
        }
    }

    public void ReleaseSaved()
    {
        foreach (var i in SavedInputs)
        {
            Inputs[i].Release();
        }

        foreach (var i in SavedOutputs)
        {
            Outputs[i].Release();
        }

        (Operator as ReplayOperator)?.Release();
        ReleaseSavedMarks();
    }

    public void ReleaseExtras()
    {
        foreach (var extra in Extras)
        {
            extra.Dispose();
        }

        Extras = [];
    }

    /// <summary>Drops what forward marked for backward.</summary>
    public void ReleaseSavedMarks()
    {
        ReleaseExtras();
        SavedInputs.Clear();
        SavedOutputs.Clear();
    }

    /// <summary>The same node without its values, for a segment that keeps only what a replay adopts.</summary>
    public Node WithoutValues()
    {
        var bare = new Node { Operator = Operator, Inputs = [], Random = Random };
        bare.Adopt(this);
        return bare;
    }

    /// <summary>Takes over what a first run left for a replay that skips forward.</summary>
    public void Adopt(Node first)
    {
        State = first.State;
        SavedInputs.AddRange(first.SavedInputs);
        SavedOutputs.AddRange(first.SavedOutputs);
        Extras = first.Extras;
        first.Extras = [];
    }
}
