using Neoteny.Parameters;

namespace Neoteny.Models.Decoder;

// E experts, H hidden, I intermediate

/// <summary>How a checkpoint names and lays out experts. The model stacks them as <c>[E, 2 * I, H]</c>, gate rows first, and <c>[E, H, I]</c>.</summary>
public abstract record ExpertLayout
{
    /// <summary>Qwen, OLMoE, DeepSeek: one matrix each, <c>experts.e.gate_proj</c>, <c>up_proj</c>, <c>down_proj</c>.</summary>
    public static ExpertLayout Separate { get; } = new SeparateExperts("gate_proj", "up_proj", "down_proj");

    /// <summary>Mixtral: one matrix each, <c>experts.e.w1</c> (gate), <c>w3</c> (up), <c>w2</c> (down), below <c>block_sparse_moe</c>.</summary>
    public static ExpertLayout Mixtral { get; } = new SeparateExperts("w1", "w3", "w2") { Module = "block_sparse_moe" };

    /// <summary>gpt-oss: stacks with the input first, gate and up in turns: <c>experts.gate_up_proj [E, H, 2 * I]</c>, <c>experts.down_proj [E, I, H]</c>, and biases.</summary>
    public static ExpertLayout Interleaved { get; } = new InterleavedExperts();

    /// <summary>The name of the MLP in the checkpoint; null for the name of its site.</summary>
    public string? Module { get; init; }

    /// <summary>Whether the rows of gate and up take turns in the checkpoint, and in adapters for it.</summary>
    public abstract bool TakesTurns { get; }

    /// <summary>The checkpoint's tensors of the stacked gate and up projections.</summary>
    /// <param name="path">The path of the experts in the checkpoint.</param>
    /// <param name="shape">The stack's shape.</param>
    public abstract IReadOnlyList<ParameterPart> GateUp(string path, long[] shape);

    /// <summary>The checkpoint's tensors of the stacked down projections.</summary>
    public abstract IReadOnlyList<ParameterPart> Down(string path, long[] shape);

    /// <summary>The checkpoint's tensor of the biases of gate and up, <c>[E, 2 * I]</c>.</summary>
    public abstract IReadOnlyList<ParameterPart> GateUpBias(string path, long[] shape);
}

/// <summary>One matrix for each expert and projection; no biases.</summary>
internal sealed record SeparateExperts(string GateName, string UpName, string DownName) : ExpertLayout
{
    public override bool TakesTurns => false;

    public override IReadOnlyList<ParameterPart> GateUp(string path, long[] shape)
    {
        var (half, hidden) = (shape[1] / 2, shape[2]);
        return [.. Each(shape).SelectMany(e => new[]
        {
            new ParameterPart($"{path}.{e}.{GateName}.weight", [half, hidden], whole => whole.select(0, e).narrow(0, 0, half)),
            new ParameterPart($"{path}.{e}.{UpName}.weight", [half, hidden], whole => whole.select(0, e).narrow(0, half, half)),
        })];
    }

    public override IReadOnlyList<ParameterPart> Down(string path, long[] shape)
        => [.. Each(shape).Select(e => new ParameterPart($"{path}.{e}.{DownName}.weight", shape[1..], whole => whole.select(0, e)))];

    public override IReadOnlyList<ParameterPart> GateUpBias(string path, long[] shape)
        => throw new InputException($"{path}: experts with biases are known in gpt-oss's layout only.");

    private static IEnumerable<int> Each(long[] shape) => Enumerable.Range(0, (int)shape[0]);
}

/// <summary>Stacks with the input first whose columns take turns.</summary>
internal sealed record InterleavedExperts : ExpertLayout
{
    public override bool TakesTurns => true;

    public override IReadOnlyList<ParameterPart> GateUp(string path, long[] shape)
    {
        var (experts, rows, hidden) = (shape[0], shape[1], shape[2]);
        return [new ParameterPart($"{path}.gate_up_proj", [experts, hidden, rows], whole => whole.view(experts, 2, rows / 2, hidden).permute(0, 3, 2, 1))];
    }

    public override IReadOnlyList<ParameterPart> Down(string path, long[] shape)
        => [new ParameterPart($"{path}.down_proj", [shape[0], shape[2], shape[1]], whole => whole.transpose(1, 2))];

    public override IReadOnlyList<ParameterPart> GateUpBias(string path, long[] shape)
        => [new ParameterPart($"{path}.gate_up_proj_bias", shape, whole => whole.view(shape[0], 2, shape[1] / 2).transpose(1, 2))];
}
