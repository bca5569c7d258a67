using Neoteny.Modules;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Head;

// C tokens of the block, H hidden, R rank

/// <summary>A block of tokens on its way through the tiles of the vocabulary.</summary>
internal sealed class TokenBlock
{
    /// <summary>Starts a block; tensors are borrowed or belong to the dispose scope around.</summary>
    /// <param name="head">The head.</param>
    /// <param name="hidden_CH">Hidden states, in the dtype of the products.</param>
    /// <param name="rows">Labels and statistics.</param>
    /// <param name="gradient_CH">Receives the gradient of the hidden states, in that dtype or fp32; null where it is not wanted.</param>
    public TokenBlock(IHead head, Tensor hidden_CH, TokenRows rows, Tensor? gradient_CH)
    {
        (Hidden, Rows, Gradient) = (hidden_CH, rows, gradient_CH);
        Down = [.. head.Deltas.Select(d => LowRank.Down(d, hidden_CH))];
        DownGradient = gradient_CH is null ? [] : [.. Down.Select(d => zeros(d.shape, dtype: ScalarType.Float32, device: d.device))];
    }

    /// <summary>Hidden states <c>[C, H]</c>.</summary>
    public Tensor Hidden { get; }

    /// <summary>Labels and statistics.</summary>
    public TokenRows Rows { get; }

    /// <summary>Sum of the hidden states' gradient over tiles <c>[C, H]</c>, or null.</summary>
    public Tensor? Gradient { get; }

    /// <summary>Whether a tile has been added to <see cref="Gradient"/>, which holds nothing before.</summary>
    public bool HasGradient { get; set; }

    /// <summary>Hidden states times A', <c>[C, R]</c>, for each delta.</summary>
    public IReadOnlyList<Tensor> Down { get; }

    /// <summary>Its gradient, fp32.</summary>
    public IReadOnlyList<Tensor> DownGradient { get; }
}
