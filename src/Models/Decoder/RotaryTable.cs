using Neoteny.Attention;
using Neoteny.Models.Configuration;
using Neoteny.Modules;
using static TorchSharp.torch;

namespace Neoteny.Models.Decoder;

/// <summary>Cosines and sines by position, computed as far as needed and kept.</summary>
/// <remarks>Scalings that depend on the longest position of a call (dynamic NTK, LongRoPE) keep one table for each such length in use.</remarks>
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
        var frequencies = RotaryFrequencies.Compute(rope, spec.RotatedSize, spec.MaxPositionEmbeddings, length == 0 ? null : length);
        var inverse_F = tensor(frequencies.Inverse.ToArray());
        var angles_TF = arange(Runtime.Scalars.Of((long)rows), dtype: ScalarType.Float32).unsqueeze(1).mul(inverse_F.unsqueeze(0));
        var factor = Runtime.Scalars.Of((double)frequencies.AttentionFactor);
        return new RotaryAngles
        {
            Cosines = angles_TF.cos().mul_(factor).to(device).DetachFromDisposeScope(),
            Sines = angles_TF.sin().mul_(factor).to(device).DetachFromDisposeScope(),
        };
    }
}
