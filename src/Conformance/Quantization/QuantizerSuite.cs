using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Quantization;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>What every <see cref="IQuantizer"/> must do, with options that make it claim something of a tiny model.</summary>
public sealed class QuantizerSuite : ConformanceSuite
{
    /// <summary>The default of the largest relative error of a packed weight: normal weights in four bits are off by about 0.1.</summary>
    public static readonly double DefaultBound = 0.2;

    private readonly Lazy<IQuantizer> quantizer;
    private readonly double bound;

    /// <summary>Creates the suite.</summary>
    /// <param name="create">Makes an instance as the host does.</param>
    /// <param name="settings">Device, dtypes and seed; null for the CPU.</param>
    /// <param name="bound">Largest norm of the error of normal weights relative to their norm; null for <see cref="DefaultBound"/>.</param>
    public QuantizerSuite(Func<IQuantizer> create, ConformanceSettings? settings = null, double? bound = null)
        : base("quantizer", settings)
    {
        quantizer = new Lazy<IQuantizer>(create);
        this.bound = bound ?? DefaultBound;
        Add("Claims are sites of the model", Claims);
        Add("A packed weight unpacks within the bound", Bounded);
        Add("A rented weight has its logical shape and the wanted dtype", Rented);
        Add("Packing twice gives the same pieces", Deterministic);
        Add("Products agree with the unpacked weight", Products);
        Add("It says truly whether it can be trained", Trains);
        Add("A packed weight takes less memory than bf16", Smaller);
        Add("Exported tensors are named below the parameter", Exported);
        Add("The same inputs give the same bits on the CPU", run => Conduct.OnTheCpu(run, Settings, () => Conducted(run, Conduct.SameBits)));
        Add("Inputs stay as they are", run => Conducted(run, Conduct.InputsStay));
        Add("Nothing but the results stays alive", Leaks);
        Add("Any thread may call it", run => Conducted(run, (r, w) => Conduct.AnyThread(r, w, Tolerance.Of(Settings.FirstDType))));
        Add("Construction is cheap", run => Construction.Check(run, create));
    }

    private static ModuleVariant[] Variants { get; } = [.. ModuleVariant.All.Where(v => v.Name is "plain" or "odd sizes" or "more tokens").Select(v => v with { Trains = false })];

    private void Claims(CheckRun run)
    {
        var formats = 0;
        foreach (var variant in Variants)
        {
            run.Case(variant.Name, () =>
            {
                using var model = TinyModel.Make(variant, Settings, Settings.FirstDType);
                foreach (var path in quantizer.Value.Claim(model).ToList())
                {
                    var site = model.Sites.FirstOrDefault(s => s.Path == path);
                    run.That(site is not null, $"it claims '{path}', which the model does not have");
                    formats += site?.Parameters.Count(p => quantizer.Value.Format(site, p) is { Name.Length: > 0 }) ?? 0;
                }
            });
        }

        run.That(formats > 0, "it gives no parameter a format, so nothing was tried");
    }

    private void Bounded(CheckRun run) => ForEach(run, (parameter, dense, _) =>
    {
        using var lease = parameter.Rent();
        run.Close(parameter.Path, dense, lease.Tensor, bound);
    });

    private void Rented(CheckRun run) => ForEach(run, (parameter, dense, _) =>
    {
        foreach (var wanted in new ScalarType?[] { null, ScalarType.Float32, ScalarType.BFloat16 })
        {
            using var lease = parameter.Rent(wanted);
            run.That(lease.Tensor.shape.SequenceEqual(dense.shape), $"{parameter.Path}: has shape [{string.Join(", ", lease.Tensor.shape)}] instead of [{string.Join(", ", dense.shape)}]");
            run.That(lease.Tensor.dtype == (wanted ?? dense.dtype), $"{parameter.Path}: has dtype {lease.Tensor.dtype} instead of {wanted ?? dense.dtype}");
            run.That(lease.Tensor.device_type == dense.device_type, $"{parameter.Path}: is on {lease.Tensor.device}");
        }
    });

    private void Deterministic(CheckRun run) => ForEach(run, (parameter, dense, _) =>
    {
        using var again = parameter.Format.Pack(dense.clone());
        using var lease = parameter.RentStored();
        foreach (var (name, piece) in lease.Stored.Pieces)
        {
            run.Same($"{parameter.Path}, piece {name}", piece, again.Pieces.GetValueOrDefault(name));
        }
    });

    private void Products(CheckRun run)
    {
        var tried = 0;
        ForEach(run, (parameter, dense, _) =>
        {
            if (parameter.Format.Product is not { } product || parameter.Shape.Count != 2)
            {
                return;
            }

            tried++;
            using var draw = Settings.Draw();
            using var lease = parameter.Rent();
            var w = Comparison.Wide(lease.Tensor);
            foreach (var tokens in new[] { 1, 7, 33 })
            {
                var (x, dy) = (draw.Normal(dense.dtype, tokens, parameter.Shape[1]), draw.Normal(dense.dtype, tokens, parameter.Shape[0]));
                run.Close($"{parameter.Path}, product", Comparison.Wide(x).mm(w.t()), product.Forward(lease.Stored, x), Tolerance.Of(dense.dtype));
                run.Close($"{parameter.Path}, input gradient", Comparison.Wide(dy).mm(w), product.InputGradient(lease.Stored, dy), Tolerance.Of(dense.dtype));
                if (product.WeightGradient(lease.Stored, dy, x) is { } gradient)
                {
                    run.Close($"{parameter.Path}, weight gradient", Comparison.Wide(dy).t().mm(Comparison.Wide(x)), gradient, Tolerance.Of(dense.dtype));
                }
            }
        });
        if (tried == 0)
        {
            run.Skip("its formats unpack and bring no products");
        }
    }

    private void Trains(CheckRun run) => ForEach(run, (parameter, dense, _) =>
    {
        if (!parameter.Format.IsTrainable)
        {
            run.That(parameter.Format.Dense(Stored(parameter)) is null || parameter.Format == DenseFormat.Instance, $"{parameter.Path}: cannot be trained, yet holds the dense weight");
            return;
        }

        var before = Weights.Copy(parameter);
        parameter.Update(w => w.add_(ones_like(w), Scalars.One));
        run.Close($"{parameter.Path} after an update by one", before.add(ones_like(before), Scalars.One), Weights.Copy(parameter), bound);
    });

    private void Smaller(CheckRun run) => ForEach(run, (parameter, dense, isLarge) =>
    {
        if (isLarge && !parameter.Format.IsTrainable)
        {
            var bytes = Stored(parameter).Pieces.Values.Sum(p => p.numel() * p.element_size());
            run.That(bytes < 2 * dense.numel(), $"{parameter.Path}: its pieces take {bytes} bytes, bf16 {2 * dense.numel()}");
        }
        else
        {
            run.That(true, "");
        }
    });

    private void Exported(CheckRun run) => ForEach(run, (parameter, _, _) =>
    {
        var tensors = quantizer.Value.Export(parameter).ToList();
        run.That(tensors.Count > 0, $"{parameter.Path}: nothing is exported");
        run.That(tensors.Select(t => t.Key).Distinct().Count() == tensors.Count, $"{parameter.Path}: two tensors have one name");
        var site = parameter.Path[..parameter.Path.LastIndexOf('.')];
        foreach (var (name, tensor) in tensors)
        {
            run.That(name.StartsWith(site, StringComparison.Ordinal), $"{parameter.Path}: '{name}' does not begin with {site}");
            run.That(!tensor.IsInvalid, $"{parameter.Path}: '{name}' is disposed");
        }
    });

    private void Leaks(CheckRun run) => ForEach(run, (parameter, dense, _) => Conduct.LeavesNothing(run, new Workload([], () =>
    {
        using var stored = parameter.Format.Pack(dense.clone());
        parameter.Format.Unpack(stored, dense.dtype);
        using var lease = parameter.Rent();
        return [];
    })), v => v.Name == "plain", first: true);

    /// <summary>One call unpacks the weight and forms the products that the format brings.</summary>
    private void Conducted(CheckRun run, Action<CheckRun, Workload> check) => ForEach(run, (parameter, dense, _) =>
    {
        using var draw = Settings.Draw();
        using var lease = parameter.RentStored();
        var stored = lease.Stored;
        var product = parameter.Shape.Count == 2 ? parameter.Format.Product : null;
        var (x, dy) = (draw.Normal(dense.dtype, 7, parameter.Shape[^1]), draw.Normal(dense.dtype, 7, parameter.Shape[0]));
        check(run, new Workload([.. stored.Pieces.Select(p => ($"{parameter.Path}, piece {p.Key}", p.Value)), ("x", x), ("output gradient", dy)], () =>
        [
            ($"{parameter.Path}, unpacked", parameter.Format.Unpack(stored, dense.dtype)),
            .. product is null ? Array.Empty<(string, Tensor)>() : [("product", product.Forward(stored, x)), ("input gradient", product.InputGradient(stored, dy))],
        ]));
    }, v => v.Name == "plain", first: true);

    private void ForEach(CheckRun run, Action<Parameter, Tensor, bool> check, Func<ModuleVariant, bool>? which = null, bool first = false)
    {
        foreach (var variant in Variants.Where(v => which is null || which(v)))
        {
            foreach (var dtype in Settings.EffectiveDTypes.Take(first ? 1 : int.MaxValue))
            {
                run.Case($"{variant.Name}, {dtype}", () =>
                {
                    using var model = TinyModel.Make(variant, Settings, dtype);
                    foreach (var (site, parameter) in quantizer.Value.Claim(model).ToList().Select(model.At).SelectMany(s => s.Parameters.Select(p => (s, p))).ToList())
                    {
                        if (quantizer.Value.Format(site, parameter) is { } format)
                        {
                            var dense = Weights.Copy(parameter);
                            parameter.ChangeFormat(format);
                            check(parameter, dense, variant.Name == "more tokens");
                        }
                    }
                });
            }
        }
    }

    private static StoredWeight Stored(Parameter parameter)
    {
        using var lease = parameter.RentStored();
        return lease.Stored;
    }
}
