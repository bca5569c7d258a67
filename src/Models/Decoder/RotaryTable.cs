using Neoteny.Attention;
using Neoteny.Models.Configuration;
using Neoteny.Modules;
using static TorchSharp.torch;

namespace Neoteny.Models.Decoder;

/// <summary>Cosines and sines by position, computed as far as needed and kept.</summary>
/// <remarks>
/// Scalings that depend on the length (dynamic NTK, LongRoPE) keep one table for each length in use; the documents of a packed row each go by their own length,
/// the rows of a batch by the longest (<see cref="SequenceLayout.IsBatch"/>).
/// </remarks>
internal sealed class RotaryTable : IDisposable
{
    private const int KeptTables = 8;

    private readonly Dictionary<(int Rows, int Length), RotaryAngles> tables = [];
    private readonly RotarySpec spec;
    private readonly RopeParameters rope;

    /// <summary>Creates the table; angles are computed when they are asked for.</summary>
    /// <exception cref="InputException">The settings do not fit the head size.</exception>
    public RotaryTable(RotarySpec spec)
    {
        (this.spec, rope) = (spec, spec.Rope);
        foreach (var length in new int?[] { null, spec.TrainedLength + 1 })
        {
            _ = RotaryFrequencies.Compute(rope, spec.RotatedSize, spec.MaxPositionEmbeddings, length);
        }
    }

    /// <summary>The angles of one row; the caller disposes them.</summary>
    public RotaryAngles Angles(Tensor positions_T, SequenceLayout layout)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        if (!layout.IsBatch && layout.KeyLengths.Select(Regime).Distinct().Count() > 1)
        {
            return ByDocument(positions_T, layout);
        }

        var table = Table(layout.MaxKeyLength, positions_T.device);
        return new RotaryAngles
        {
            Cosines = table.Cosines.index_select(0, positions_T).DetachFromDisposeScope(),
            Sines = table.Sines.index_select(0, positions_T).DetachFromDisposeScope(),
        };
    }

    /// <summary>Whether keys turned while the longest sequence had one length are to be computed anew once it has another.</summary>
    public bool Outdates(int before, int after) => spec.RenewsKeys && Regime(before) != Regime(after);

    public void Dispose()
    {
        foreach (var table in tables.Values)
        {
            table.Dispose();
        }

        tables.Clear();
    }

    private RotaryAngles Table(int longest, Device device)
    {
        // Powers of two, so that a growing sequence does not make a new table at every token.
        var rows = Math.Max(64, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)longest));
        var length = Regime(longest);
        if (!tables.TryGetValue((rows, length), out var table))
        {
            if (tables.Count >= KeptTables)
            {
                Dispose();
            }

            tables[(rows, length)] = table = Make(rows, length, device);
        }

        return table;
    }

    /// <summary>The length that stands for all those with the same frequencies; 0 for those up to the trained length.</summary>
    private int Regime(int longest) => rope.Type switch
    {
        RopeType.Dynamic when longest > spec.MaxPositionEmbeddings => longest,
        RopeType.LongRope when longest > spec.TrainedLength => spec.TrainedLength + 1,
        _ => 0,
    };

    private RotaryAngles Make(int rows, int length, Device device)
    {
        var frequencies = Frequencies(length);
        var inverse_F = tensor(frequencies.Inverse.ToArray());
        var angles_TF = arange(Runtime.Scalars.Of((long)rows), dtype: ScalarType.Float32).unsqueeze(1).mul(inverse_F.unsqueeze(0));
        return Turn(angles_TF, frequencies.AttentionFactor, device);
    }

    // Tables would be as many as documents, so these angles are not kept.
    private RotaryAngles ByDocument(Tensor positions_T, SequenceLayout layout)
    {
        RotaryFrequencies[] documents = [.. layout.KeyLengths.Select(length => Frequencies(Regime(length)))];
        var inverse_DF = tensor(documents.SelectMany(f => f.Inverse).ToArray()).view(documents.Length, -1);
        var document_T = tensor(layout.QueryLengths.SelectMany((count, d) => Enumerable.Repeat((long)d, count)).ToArray());
        var inverse_TF = inverse_DF.index_select(0, document_T).to(positions_T.device);

        // The factor follows from the lengths of the configuration and is the same for all.
        return Turn(positions_T.to(ScalarType.Float32).unsqueeze(1).mul(inverse_TF), documents[0].AttentionFactor, positions_T.device);
    }

    private RotaryFrequencies Frequencies(int length)
        => RotaryFrequencies.Compute(rope, spec.RotatedSize, spec.MaxPositionEmbeddings, length == 0 ? null : length);

    private static RotaryAngles Turn(Tensor angles_TF, float attentionFactor, Device device)
    {
        var factor = Runtime.Scalars.Of((double)attentionFactor);
        return new RotaryAngles
        {
            Cosines = angles_TF.cos().mul_(factor).to(device).DetachFromDisposeScope(),
            Sines = angles_TF.sin().mul_(factor).to(device).DetachFromDisposeScope(),
        };
    }
}
