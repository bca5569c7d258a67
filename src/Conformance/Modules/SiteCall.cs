using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>One call of a site's block with random inputs: by role, so that a plain block, its replacement and the exact one are called alike.</summary>
/// <remarks>Tensors belong to the dispose scope around; the layout to this.</remarks>
internal sealed class SiteCall : IDisposable
{
    private readonly Func<IBlock, Tape, Value[], SiteCall, Value[]> invoke;
    private readonly ulong seed;

    internal SiteCall(string name, ulong seed, IReadOnlyList<Tensor> inputs, Func<IBlock, Tape, Value[], SiteCall, Value[]> invoke)
        => (Name, this.seed, Inputs, this.invoke) = (name, seed, inputs, invoke);

    public string Name { get; }

    /// <summary>The differentiable inputs.</summary>
    public IReadOnlyList<Tensor> Inputs { get; }

    public SequenceLayout? Layout { get; init; }

    public RotaryAngles? Angles { get; init; }

    /// <summary>Token ids of an embedding, or chosen experts.</summary>
    public Tensor? Indices { get; init; }

    /// <summary>Factor on the tolerance: blocks that round several times in a row are off by more.</summary>
    public double Slack { get; init; } = 1;

    private ScalarType GradientType { get; init; }

    /// <summary>The same call in fp64 on the CPU.</summary>
    public SiteCall Exact() => new(Name, seed, [.. Inputs.Select(Comparison.Wide)], invoke)
    {
        Layout = Layout is null ? null : SequenceLayout.Of(Layout.QueryLengths, Layout.KeyLengths),
        Angles = Angles is null ? null : new RotaryAngles { Cosines = Comparison.Wide(Angles.Cosines), Sines = Comparison.Wide(Angles.Sines) },
        Indices = Indices?.cpu(),
        GradientType = GradientType,
        Slack = Slack,
    };

    internal SiteCall With(ScalarType gradientType) => new(Name, seed, Inputs, invoke)
    {
        Layout = Layout,
        Angles = Angles,
        Indices = Indices,
        GradientType = gradientType,
        Slack = Slack,
    };

    /// <summary>Runs forward, and backward from random gradients that depend on the seed and the shapes only.</summary>
    /// <param name="block">A block of the call's role.</param>
    /// <param name="parameters">Those whose gradients are wanted; left without any.</param>
    /// <param name="options">How the tape runs; null to record.</param>
    /// <param name="checkpoint">Whether the block runs inside a checkpointed segment.</param>
    /// <param name="outputGradients">The gradients of the outputs where they are known already; null to draw them.</param>
    public SiteRun Run(IBlock block, IEnumerable<Parameter> parameters, TapeOptions? options = null, bool checkpoint = false, IReadOnlyList<Tensor>? outputGradients = null)
    {
        options ??= new TapeOptions { VersionOf = TensorVersion.Of };
        using var tape = new Tape(options);
        Value[] values = [.. Inputs.Select(tape.Input)];
        var results = tape.Segment("conformance", v => invoke(block, tape, v, this), values, checkpoint);
        var outputs = results.Select(r => r.Tensor.clone()).ToList();
        if (options.Recording)
        {
            for (var i = 0; i < results.Length; i++)
            {
                tape.AddLoss(results[i], outputGradients?[i] ?? OutputGradient(i, outputs[i]));
            }

            tape.Backward();
        }

        var gradients = new List<(string, Tensor?)>();
        foreach (var parameter in parameters)
        {
            gradients.Add((parameter.Path, parameter.Gradient?.clone()));
            parameter.SetGradient(null);
        }

        return new SiteRun(outputs, [.. values.Select(v => tape.GradientOf(v)?.clone())], gradients);
    }

    /// <summary>The random gradient of an output.</summary>
    public Tensor OutputGradient(int index, Tensor output)
    {
        using var draw = new Draw(seed + 100 + (ulong)index, output.device);
        return draw.Normal(GradientType, output.shape).to(output.dtype);
    }

    public void Dispose() => Layout?.Dispose();
}

/// <summary>What a call gave; owned by the dispose scope around.</summary>
internal sealed record SiteRun(IReadOnlyList<Tensor> Outputs, IReadOnlyList<Tensor?> Inputs, IReadOnlyList<(string Path, Tensor? Gradient)> Parameters)
{
    /// <summary>Everything with its name; absent gradients are left out.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> All => Outputs.Select((t, i) => ($"output {i}", (Tensor?)t))
        .Concat(Inputs.Select((t, i) => ($"gradient of input {i}", t)))
        .Concat(Parameters.Select(p => ($"gradient of {p.Path}", p.Gradient)))
        .Where(r => r.Item2 is not null).Select(r => (r.Item1, r.Item2!));
}
