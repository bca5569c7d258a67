using Neoteny.Attention;
using Neoteny.Plugins.Sdpa;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Broken;

/// <summary>The eager kernel with one fault.</summary>
internal sealed class BrokenAttention : IAttention
{
    private readonly EagerAttention inner = new();

    public AttentionFeatures? Claims { get; init; }

    public Func<AttentionInput, AttentionInput> Before { get; init; } = static i => i;

    public Func<AttentionInput, AttentionOutput, AttentionOutput> After { get; init; } = static (_, o) => o;

    public Func<AttentionBackward, AttentionBackward> BeforeBackward { get; init; } = static b => b;

    public Func<AttentionGradients, AttentionGradients> AfterBackward { get; init; } = static g => g;

    public Func<AttentionSpec, string?> Refusal { get; init; } = static _ => null;

    public Func<SequenceLayout, LayoutCapacity?> Room { get; init; } = static _ => null;

    public AttentionFeatures Supports => Claims ?? inner.Supports;

    public string? Refuses(AttentionSpec spec, ScalarType dtype, Device device) => Refusal(spec);

    public LayoutCapacity? CapacityFor(AttentionSpec spec, SequenceLayout layout) => layout.QueryLengths.SequenceEqual(layout.KeyLengths) ? Room(layout) : null;

    public AttentionOutput Forward(AttentionInput input) => After(input, inner.Forward(Before(input)));

    public AttentionGradients Backward(AttentionBackward backward) => AfterBackward(inner.Backward(BeforeBackward(backward)));

    /// <summary>An input with another spec or layout.</summary>
    public static AttentionInput With(AttentionInput input, double? scale = null, AttentionFeatures without = 0, SequenceLayout? layout = null) => new()
    {
        Query = input.Query,
        Key = input.Key,
        Value = input.Value,
        Layout = layout ?? input.Layout,
        Sinks = without.HasFlag(AttentionFeatures.Sinks) ? null : input.Sinks,
        NeedsBackward = input.NeedsBackward,
        Spec = new AttentionSpec
        {
            Demands = input.Spec.Demands & ~without,
            Scale = scale ?? input.Spec.Scale,
            QueryHeads = input.Spec.QueryHeads,
            KeyHeads = input.Spec.KeyHeads,
            HeadSize = input.Spec.HeadSize,
            ValueSize = input.Spec.ValueSize,
            Window = input.Spec.Window,
            Softcap = input.Spec.Softcap,
        },
    };
}
