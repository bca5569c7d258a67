using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Plugins.Liger;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Liger;

/// <summary>Each operator against its definition in fp64, differentiated by libtorch.</summary>
public sealed class LigerOperatorTests : IDisposable
{
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    public static TheoryData<long[], bool, double, ScalarType> Norms()
    {
        var data = new TheoryData<long[], bool, double, ScalarType>();
        foreach (var shape in new long[][] { [1, 7], [13, 123], [67, 512], [5, 3, 16], [2, 16384] })
        {
            foreach (var dtype in new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16 })
            {
                data.Add(shape, false, 0, dtype);
                data.Add(shape, false, 1, dtype);
                data.Add(shape, true, 0, dtype);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Norms))]
    public void A_norm_with_its_residual_agrees_with_autograd(long[] shape, bool centered, double offset, ScalarType dtype)
    {
        foreach (var uses in new[] { 1, 2, 3 })
        {
            manual_seed(3);
            using var norm = new SampleNorm(shape[^1], centered, offset, dtype);
            var block = (IResidualNorm)(centered ? new LigerLayerNorm().Replace(Site(norm)) : new LigerRmsNorm().Replace(Site(norm)));
            OperatorCheck.Run(
                dtype,
                [shape, shape],
                norm.Parameters,
                (tape, x) =>
                {
                    var (normed, sum) = block.Forward(tape, x[0], x[1]);
                    return [.. uses != 2 ? [normed] : Array.Empty<Value>(), .. uses != 1 ? [sum] : Array.Empty<Value>()];
                },
                (x, w) =>
                {
                    // The sum is rounded as the residual stream is.
                    var sum = x[0].add(x[1], Scalars.One);
                    var stream = OperatorCheck.Rounded(sum, dtype);
                    return [.. uses != 2 ? [SampleNorm.Exact(stream, w, offset, centered)] : Array.Empty<Tensor>(), .. uses != 1 ? [stream] : Array.Empty<Tensor>()];
                });
        }
    }

    [Theory]
    [InlineData("silu")]
    [InlineData("gelu")]
    [InlineData("gelu_pytorch_tanh")]
    [InlineData("relu")]
    public void A_gate_agrees_with_autograd_whether_its_halves_are_joined_or_not(string activation)
    {
        foreach (var shape in new long[][] { [1, 7], [13, 123], [67, 4111] })
        {
            foreach (var dtype in new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16 })
            {
                OperatorCheck.Run(dtype, [shape, shape], [], (tape, x) => [tape.Apply(new Glu(activation), x[0], x[1])], (x, _) => [Gated(activation, x[0], x[1])]);
                OperatorCheck.Run(dtype, [[shape[0], 2 * shape[1]]], [], (tape, x) => [tape.Apply(new Glu(activation), x[0])],
                    (x, _) => [Gated(activation, x[0].narrow(1, 0, shape[1]), x[0].narrow(1, shape[1], shape[1]))]);

                // Inputs that are the tape's own: the gradients take their place.
                OperatorCheck.Run(dtype, [shape, shape], [], (tape, x) => [tape.Apply(new Glu(activation), Copied(tape, x[0]).Donate(), Copied(tape, x[1]).Donate())],
                    (x, _) => [Gated(activation, x[0], x[1])]);
            }
        }
    }

    [Fact]
    public void Gradients_of_a_gate_take_the_place_of_its_inputs_unless_somebody_else_saved_them()
    {
        foreach (var saved in new[] { false, true })
        {
            using var tape = new Tape();
            var (a, b) = (tape.Input(randn(4, 8)), tape.Input(randn(4, 8)));
            var (gate, up) = (Copied(tape, a), Copied(tape, b));
            var (at, other) = (Neoteny.Runtime.Cpu.TensorData.Pointer(gate.Tensor), saved ? tape.Apply(new GatedActivation("silu"), gate, up) : null);
            var y = tape.Apply(new Glu("silu"), gate.Donate(), up.Donate());
            tape.AddLoss(y);
            if (other is not null)
            {
                tape.AddLoss(other);
            }

            tape.Backward();
            Assert.Equal(!saved, Neoteny.Runtime.Cpu.TensorData.Pointer(tape.GradientOf(a)!) == at);
        }
    }

    [Theory]
    [InlineData(16, 16)]
    [InlineData(80, 64)]
    [InlineData(10, 10)]
    [InlineData(96, 8)]
    public void Turning_agrees_with_autograd_in_place_and_beside(int size, int turned)
    {
        var angles = arange(0, 9, dtype: ScalarType.Float32).unsqueeze(1).mul(rand(1, turned / 2));
        var rotary = new RotaryAngles { Cosines = angles.cos(), Sines = angles.sin() };
        foreach (var dtype in new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16 })
        {
            foreach (var overwrites in new[] { false, true })
            {
                OperatorCheck.Run(
                    dtype,
                    [[9, 4, size], [9, 2, size]],
                    [],
                    (tape, x) =>
                    {
                        var (q, k) = overwrites ? (Copied(tape, x[0]).Donate(), Copied(tape, x[1]).Donate()) : (x[0], x[1]);
                        Assert.Equal(overwrites, q.IsExpendable && k.IsExpendable);
                        return tape.ApplyMany(new InPlaceRotary(rotary, overwrites), q, k);
                    },
                    (x, _) => [Turned(x[0], rotary), Turned(x[1], rotary)]);
            }
        }
    }

    [Fact]
    public void Queries_and_keys_turn_in_place_where_the_tape_allows_it()
    {
        var site = new ModuleSite("rotary", []);
        site.Fill(new Turner());
        var block = (IRotary)new LigerRope().Replace(site);
        using var angles = new RotaryAngles { Cosines = zeros(3, 4), Sines = ones(3, 4) };
        foreach (var donates in new[] { false, true })
        {
            using var tape = new Tape();
            var (q, k) = (Copied(tape, tape.Input(randn(3, 2, 8))), Copied(tape, tape.Input(randn(3, 1, 8))));
            var at = Neoteny.Runtime.Cpu.TensorData.Pointer(q.Tensor);
            var (query, _) = donates ? block.Forward(tape, q.Donate(), k.Donate(), angles) : block.Forward(tape, q, k, angles);
            Assert.Equal(donates, Neoteny.Runtime.Cpu.TensorData.Pointer(query.Tensor) == at);
        }
    }

    /// <summary>The same as a tensor of the tape's own.</summary>
    private static Value Copied(Tape tape, Value x) => tape.Apply(new Copy(), x);

    private static ModuleSite Site(INorm norm)
    {
        var site = new ModuleSite("norm", []);
        site.Fill(norm);
        return site;
    }

    internal static Tensor Gated(string activation, Tensor gate, Tensor up) => (activation switch
    {
        "silu" => gate.mul(gate.sigmoid()),
        "relu" => gate.relu(),
        "gelu" => gate.mul(gate.mul(Scalars.Of(Math.Sqrt(0.5))).erf().add(Scalars.One, Scalars.One)).mul(Scalars.Of(0.5)),
        _ => gate.mul(gate.pow(Scalars.Of(3.0)).mul(Scalars.Of(0.044715)).add(gate, Scalars.One).mul(Scalars.Of(Math.Sqrt(2 / Math.PI))).tanh().add(Scalars.One, Scalars.One)).mul(Scalars.Of(0.5)),
    }).mul(up);

    internal static Tensor Turned(Tensor x, RotaryAngles angles)
    {
        var (cos, sin) = (angles.Cosines.to(ScalarType.Float64).unsqueeze(1), angles.Sines.to(ScalarType.Float64).unsqueeze(1));
        var half = cos.size(2);
        var (a, b) = (x.narrow(2, 0, half), x.narrow(2, half, half));
        return cat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin), Scalars.One), x.narrow(2, 2 * half, x.size(2) - (2 * half))], 2);
    }

    private sealed class Copy : Operator
    {
        public override string Name => "copy";

        public override void Forward(ForwardContext context) => context.Emit(context.Input(0).clone());

        public override void Backward(BackwardContext context) => context.Pass(0);
    }

    private sealed class Turner : IRotary
    {
        public int RotatedSize => 8;

        public (Value Query, Value Key) Forward(Tape tape, Value query, Value key, RotaryAngles positions) => throw new NotSupportedException();
    }
}
