using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Core.Tests.Autograd;
using Neoteny.Core.Tests.Operators;
using Neoteny.Parameters;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Parameters;

public sealed class ParameterTests : IDisposable
{
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_linear_runs_on_a_quantized_weight_and_passes_gradients_on(bool fused)
    {
        manual_seed(2);
        var format = new Int8Format(fused);
        using Parameter weight = new("w", randn(7, 11)), bias = new("bias", randn(7)), a = new("a", randn(2, 11)) { Trains = true }, b = new("b", randn(7, 2)) { Trains = true };
        var exact = weight.Rent().Tensor.clone();
        weight.ChangeFormat(format);
        var rounded = weight.Rent().Tensor.clone();
        Assert.InRange(exact.sub(rounded).abs().max().item<float>(), 1e-6f, exact.abs().max().item<float>() / 127);
        format.Calls.Clear();
        Tensor x = randn(5, 11), gradient = randn(5, 7);
        Tensor lx = Leaf(x), la = Leaf(a.Rent().Tensor), lb = Leaf(b.Rent().Tensor);
        var expected = Plain.Sum(Plain.Linear(lx, rounded.to(ScalarType.Float64), bias.Rent().Tensor), Plain.Linear(Plain.Linear(lx, la), lb).mul(Scalars.Of(0.5)));
        expected.backward([gradient.to(ScalarType.Float64)]);
        using var tape = new Tape();
        var input = tape.Input(x);
        var y = tape.Apply(new Linear(weight, bias, [new LowRankDelta { A = a, B = b, Scale = 0.5 }]), input);
        OperatorComparison.Close(expected, y.Tensor, 2e-6, "output");
        tape.AddLoss(y, gradient);
        tape.Backward();
        OperatorComparison.Close(lx.grad!, tape.GradientOf(input)!, 2e-6, "input gradient");
        OperatorComparison.Close(la.grad!, a.Gradient!, 2e-6, "gradient of A");
        OperatorComparison.Close(lb.grad!, b.Gradient!, 2e-6, "gradient of B");
        Assert.Null(weight.Gradient);
        Assert.Equal(fused ? ["forward", "input gradient"] : ["unpack", "unpack"], format.Calls);
    }

    [Fact]
    public void A_trained_parameter_refuses_a_format_that_cannot_train()
    {
        using var weight = new Parameter("w", randn(7, 11)) { Trains = true };
        var e = Assert.Throws<InvalidOperationException>(() => weight.ChangeFormat(new Int8Format()));
        Assert.Equal("w trains, but the format int8 cannot be trained.", e.Message);
        Assert.Same(DenseFormat.Instance, weight.Format);
    }

    [Fact]
    public void Loading_goes_through_the_format_and_checks_the_shape()
    {
        using var weight = new Parameter("w", randn(7, 11));
        weight.ChangeFormat(new Int8Format());
        weight.Load(full([7, 11], 3f));
        Assert.Equal(3, weight.Rent().Tensor.mean().item<float>(), 1e-5f);
        var e = Assert.Throws<ArgumentException>(() => weight.Load(ones(11, 7)));
        Assert.Equal("w has shape [7, 11], not [11, 7].", e.Message);
    }

    [Fact]
    public void A_dense_weight_is_rented_as_it_is_or_as_a_copy_of_another_dtype()
    {
        using var weight = new Parameter("w", ones(2, 3));
        using (var lease = weight.Rent())
        {
            lease.Tensor.mul_(Scalars.Of(2.0));
        }

        using (var lease = weight.Rent(ScalarType.BFloat16))
        {
            Assert.Equal(ScalarType.BFloat16, lease.Tensor.dtype);
            lease.Tensor.zero_();
        }

        Assert.Equal(12, weight.Rent().Tensor.sum().item<float>());
        Assert.Throws<InvalidOperationException>(() =>
        {
            using var stored = weight.RentStored();
            _ = stored.Tensor;
        });
    }

    [Fact]
    public void Temporary_weights_are_freed_with_their_lease()
        => LiveTensors.Unchanged(() =>
        {
            using var weight = new Parameter("w", ones(2, 3));
            weight.ChangeFormat(new Int8Format());
            using (weight.Rent())
            using (weight.Rent(ScalarType.BFloat16))
            {
            }

            using var gradient = ones(2, 3);
            weight.AddGradient(gradient);
            weight.SetGradient(null);
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Weights_that_live_elsewhere_are_there_one_at_a_time_checkpointed_or_not(bool checkpoint)
    {
        var home = new CountingHome();
        Parameter[] weights = [.. Enumerable.Range(0, 6).Select(i => new Parameter($"w{i}", randn(4, 4)) { Trains = i % 2 == 0 })];
        float[] Run()
        {
            using var tape = new Tape();
            var x = tape.Input(ones(3, 4));
            var y = x;
            for (var layer = 0; layer < 3; layer++)
            {
                var (first, second) = (new Linear(weights[2 * layer]), new Linear(weights[(2 * layer) + 1]));
                y = tape.Segment($"layer{layer}", v => [tape.Apply(new Square(), tape.Apply(second, tape.Apply(first, v[0])))], [y], checkpoint)[0];
            }

            tape.AddLoss(y);
            tape.Backward();
            return [.. tape.GradientOf(x)!.data<float>(), .. weights[0].Gradient!.data<float>()];
        }

        var resident = Run();
        Array.ForEach(weights, w => w.SetGradient(null));
        Array.ForEach(weights, w => w.MoveTo(home));
        Assert.Equal(resident, Run());
        Assert.Equal((1, 0), (home.Peak, home.Resident));
        // Forward, and its replay, and the input gradient.
        Assert.Equal(checkpoint ? 18 : 12, home.Fetches);
        weights[0].Load(zeros(4, 4));
        Assert.Equal(0, weights[0].Rent().Tensor.abs().sum().item<float>());
        Array.ForEach(weights, static w => w.Dispose());
    }

    [Fact]
    public void A_format_that_fails_to_unpack_returns_the_pieces()
    {
        var home = new CountingHome();
        using var weight = new Parameter("w", ones(2, 2));
        weight.ChangeFormat(new Broken());
        weight.MoveTo(home);
        Assert.Throws<NeotenyException>(() => weight.Rent().Dispose());
        Assert.Equal(0, home.Resident);
    }

    [Fact]
    public void Derived_copies_live_until_the_weight_changes()
    {
        using var weight = new Parameter("w", arange(6, dtype: ScalarType.Float32).reshape(2, 3));
        var made = 0;
        Tensor Transposed() => weight.Derived("transposed", w =>
        {
            made++;
            return w.t().contiguous();
        });
        var first = Transposed();
        Assert.Same(first, Transposed());
        var version = weight.Version;
        weight.Update(w => w.mul_(Scalars.Of(2.0)));
        Assert.True(weight.Version > version && first.IsInvalid);
        Assert.Equal([0, 6, 2, 8, 4, 10], Transposed().data<float>());
        Assert.Equal(2, made);
    }

    [Theory]
    [InlineData(ScalarType.Float32, null, ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16, null, ScalarType.BFloat16)]
    [InlineData(ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float32)]
    public void Gradients_gather_in_the_type_asked_for(ScalarType arriving, ScalarType? wanted, ScalarType expected)
    {
        manual_seed(4);
        Tensor left = randn(9, 3).to(arriving), right = randn(9, 4).to(arriving), ids = tensor([2L, 0L, 2L]), rows = randn(3, 4).to(arriving), whole = randn(3, 4).to(arriving);
        using var weight = new Parameter("w", zeros(3, 4).to(arriving)) { Trains = true, GradientType = wanted };
        Action[] adds = [() => weight.AddProduct(left, right), () => weight.AddRows(ids, rows), () => weight.AddGradient(whole)];
        var product = Wide(left).t().mm(Wide(right));
        var sum = Plain.Sum(Plain.Sum(product, zeros(3, 4, dtype: ScalarType.Float64).index_add_(0, ids, Wide(rows), Scalars.One)), Wide(whole));
        foreach (var order in new int[][] { [0, 1, 2], [1, 2, 0], [2, 0, 1] })
        {
            foreach (var add in order)
            {
                adds[add]();
                Assert.Equal(expected, weight.Gradient!.dtype);
                Assert.Equal([3, 4], weight.Gradient.shape);
                Assert.True(weight.Gradient.is_contiguous());
            }

            OperatorComparison.Close(sum, weight.Gradient!, arriving == ScalarType.Float32 ? 1e-6 : 1e-2, "sum");
            weight.SetGradient(null);
        }
    }

    [Fact]
    public void Gradients_gathered_in_fp32_do_not_lose_small_terms()
    {
        using var weight = new Parameter("w", zeros(1, 1).to(ScalarType.BFloat16)) { Trains = true, GradientType = ScalarType.Float32 };
        weight.AddGradient(full([1, 1], 1f).to(ScalarType.BFloat16));
        for (var i = 0; i < 1024; i++)
        {
            weight.AddProduct(full([1, 1], 1f / 1024).to(ScalarType.BFloat16), ones(1, 1).to(ScalarType.BFloat16));
        }

        Assert.Equal(2, weight.Gradient!.item<float>());
    }

    [Fact]
    public void A_borrowed_gradient_stays_unchanged_and_lies_in_rows()
    {
        using var weight = new Parameter("w", zeros(3, 4)) { Trains = true };
        var gradient = ones(4, 3).t();
        weight.AddGradient(gradient);
        weight.AddGradient(gradient);
        Assert.Equal(12, gradient.sum().item<float>());
        Assert.Equal(24, weight.Gradient!.sum().item<float>());
        Assert.True(weight.Gradient.is_contiguous());
    }

    [Fact]
    public void A_gradient_of_another_shape_is_refused()
    {
        using var weight = new Parameter("w", zeros(3, 4)) { Trains = true };
        Assert.Equal("w has shape [3, 4]; its gradient has [4].", Assert.Throws<ArgumentException>(() => weight.AddGradient(ones(4))).Message);
    }

    [Fact]
    public void A_disposed_parameter_is_refused_by_its_path()
    {
        var weight = new Parameter("model.norm.weight", ones(3));
        weight.Dispose();
        weight.Dispose();
        Assert.Equal("model.norm.weight", Assert.Throws<ObjectDisposedException>(() => weight.Rent().Dispose()).ObjectName);
    }

    private static Tensor Wide(Tensor tensor) => tensor.to(ScalarType.Float64);

    private static Tensor Leaf(Tensor tensor) => tensor.to(ScalarType.Float64, copy: true).requires_grad_(true);

    private sealed class Broken : IWeightFormat
    {
        public string Name => "broken";

        public StoredWeight Pack(Tensor weight)
            => new() { Pieces = new Dictionary<string, Tensor> { ["weight"] = weight }, Shape = weight.shape, DType = weight.dtype };

        public Tensor Unpack(StoredWeight stored, ScalarType dtype) => throw new NeotenyException("no");
    }
}
