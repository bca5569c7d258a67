using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Parameters;

/// <summary>A weight of the model, wherever and however it is stored.</summary>
/// <remarks>
/// Owned by the host. Operators hold the parameter and <see cref="Rent"/> its tensor for one call: renting uploads, gathers or dequantizes,
/// and returning frees, so a saved weight would pin exactly the memory that those features free. One compute thread.
/// </remarks>
public sealed class Parameter : IDisposable
{
    private readonly Dictionary<string, (long Version, Tensor Copy)> derived = [];
    private readonly bool isBuffer;
    private bool trains;
    private IWeightHome home;
    private StoredWeight? stored;

    /// <summary>Creates a parameter.</summary>
    /// <param name="path">Its name in the checkpoint, such as <c>model.layers.0.mlp.up_proj.weight</c>.</param>
    /// <param name="weight">The dense weight; ownership is handed over.</param>
    /// <param name="parts">The checkpoint's tensors that it is stacked from; null for itself.</param>
    public Parameter(string path, Tensor weight, IReadOnlyList<ParameterPart>? parts = null)
    {
        (Path, Shape, DType) = (path, weight.shape, weight.dtype);
        Parts = parts ?? [new ParameterPart(path, Shape, static whole => whole.alias()) { IsWhole = true }];
        Format = DenseFormat.Instance;
        home = ResidentHome.Instance;
        stored = Format.Pack(weight.DetachFromDisposeScope());
    }

    /// <summary>The name in the checkpoint; of stacked weights the module's path and the name of the stack.</summary>
    public string Path { get; }

    /// <summary>The tensors of the checkpoint that it holds: itself, or those it is stacked from.</summary>
    public IReadOnlyList<ParameterPart> Parts { get; }

    /// <summary>The logical shape, whatever the stored format.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The number of logical elements.</summary>
    public long Count => Shape.Aggregate(1L, static (a, b) => a * b);

    /// <summary>The dtype of the dense weight.</summary>
    public ScalarType DType { get; private set; }

    /// <summary>Where a rented weight is.</summary>
    public Device Device
    {
        get
        {
            using var lease = RentStored();
            return lease.Stored.Pieces.Values.First().device;
        }
    }

    /// <summary>Whether the optimizer updates it; stays false for a buffer.</summary>
    public bool Trains
    {
        get => trains;
        set => trains = value && !isBuffer;
    }

    /// <summary>Whether it is part of the checkpoint but never trained.</summary>
    public bool IsBuffer
    {
        get => isBuffer;
        init => (isBuffer, trains) = (value, trains && !value);
    }

    /// <summary>How it is stored.</summary>
    public IWeightFormat Format { get; private set; }

    /// <summary>Whether a rented weight is the stored tensor itself, at one address until <see cref="Placement"/> changes.</summary>
    internal bool IsResident => home is ResidentHome && Format is DenseFormat;

    /// <summary>Grows whenever the stored pieces are replaced by others.</summary>
    internal long Placement { get; private set; }

    /// <summary>Grows with every change of the values; derived copies are cached by it.</summary>
    public long Version { get; private set; }

    /// <summary>The gradient gathered so far in the parameter's shape, or null. Owned by the parameter.</summary>
    public Tensor? Gradient { get; private set; }

    /// <summary>The dtype that gradients are gathered in; null for the dtype they arrive in.</summary>
    public ScalarType? GradientType { get; set; }

    /// <summary>Where a first gradient is written, for work that is captured; null for memory of its own. Borrowed.</summary>
    internal Tensor? GradientPlace { get; set; }

    /// <summary>Rents the dense weight.</summary>
    /// <param name="dtype">The dtype wanted; null for the parameter's own.</param>
    public WeightLease Rent(ScalarType? dtype = null)
    {
        var wanted = dtype ?? DType;
        var pieces = home.Fetch(this, Stored);
        if (Format.Dense(pieces) is { } dense && dense.dtype == wanted)
        {
            return new WeightLease(this, pieces, dense, isTemporary: false);
        }

        try
        {
            return new WeightLease(this, pieces, Format.Unpack(pieces, wanted).DetachFromDisposeScope(), isTemporary: true);
        }
        catch
        {
            home.Return(this, pieces);
            throw;
        }
    }

    /// <summary>Rents the stored pieces as they are, for products that read the format themselves.</summary>
    public WeightLease RentStored()
    {
        var pieces = home.Fetch(this, Stored);
        return new WeightLease(this, pieces, null, isTemporary: false);
    }

    /// <summary>Adds to the gradient; <paramref name="gradient"/> has the parameter's shape, is borrowed and stays unchanged.</summary>
    /// <exception cref="ArgumentException">The shape differs.</exception>
    public void AddGradient(Tensor gradient)
    {
        if (!gradient.shape.SequenceEqual(Shape))
        {
            throw new ArgumentException($"{Path} has shape [{string.Join(", ", Shape)}]; its gradient has [{string.Join(", ", gradient.shape)}].");
        }

        if (Gradient is null)
        {
            // Optimizers walk through gradients and weights side by side, so the layout is that of a fresh tensor whatever came.
            Gradient = NewGradient(GradientType ?? gradient.dtype, gradient.device);
            Gradient.copy_(gradient);
        }
        else
        {
            Gradient.add_(gradient, Autograd.TapeScalars.One);
        }
    }

    /// <summary>Adds to the gradient; <paramref name="gradient"/> is fresh, has the parameter's shape, and its ownership is handed over.</summary>
    /// <exception cref="ArgumentException">The shape differs.</exception>
    public void GiveGradient(Tensor gradient)
    {
        if (Gradient is null && GradientPlace is null && (GradientType ?? gradient.dtype) == gradient.dtype && gradient.is_contiguous() && gradient.shape.SequenceEqual(Shape))
        {
            Gradient = gradient.DetachFromDisposeScope();
        }
        else
        {
            AddGradient(gradient);
            gradient.Dispose();
        }
    }

    /// <summary>The gradient in a dtype for a kernel to add to in place: the one gathered so far, or zeros where there is none yet.</summary>
    /// <param name="dtype">The dtype wanted.</param>
    /// <returns>The gradient, owned by the parameter; null where it is gathered in another dtype.</returns>
    public Tensor? GradientIn(ScalarType dtype)
    {
        if (Gradient is null && (GradientType ?? dtype) == dtype)
        {
            StartGradient(dtype, Device);
        }

        return Gradient is { } own && own.dtype == dtype ? own : null;
    }

    /// <summary>Adds the product of two activations to the gradient: <c>G[o, i] += sum over t of left[t, o] * right[t, i]</c>, without a temporary where the dtypes agree.</summary>
    public void AddProduct(Tensor left_TO, Tensor right_TI)
    {
        using var transposed = left_TO.t();
        if (Gradient is null && (GradientType ?? left_TO.dtype) == left_TO.dtype)
        {
            if (GradientPlace is null)
            {
                Gradient = transposed.mm(right_TI).DetachFromDisposeScope();
                return;
            }

            Gradient = NewGradient(left_TO.dtype, left_TO.device);
            Gradient.addmm_(transposed, right_TI, 0f, 1f);
        }
        else if (Gradient is not null && Gradient.dtype == left_TO.dtype)
        {
            Gradient.addmm_(transposed, right_TI, 1f, 1f);
        }
        else
        {
            using var product = transposed.mm(right_TI);
            AddGradient(product);
        }
    }

    /// <summary>Adds to the gradient of one matrix of a stack: <c>G[index, o, i] += sum over t of left[t, o] * right[t, i]</c>.</summary>
    public void AddSliceProduct(long index, Tensor left_TO, Tensor right_TI)
    {
        using var slice = OwnGradient(left_TO).select(0, index);
        using var transposed = left_TO.t();
        if (slice.dtype == left_TO.dtype)
        {
            slice.addmm_(transposed, right_TI, 1f, 1f);
        }
        else
        {
            using var product = transposed.mm(right_TI);
            slice.add_(product, Autograd.TapeScalars.One);
        }
    }

    /// <summary>Adds to a part of the gradient, which starts at zero.</summary>
    /// <param name="part">Maps the gradient to a view of the part.</param>
    /// <param name="gradient">What to add, in the part's shape; borrowed.</param>
    public void AddGradient(Func<Tensor, Tensor> part, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        var own = OwnGradient(gradient);
        part(own).add_(gradient, Autograd.TapeScalars.One);
    }

    /// <summary>Adds rows to the gradient: row <c>ids[t]</c> gets <c>rows[t]</c>, in order, as an embedding lookup needs.</summary>
    /// <param name="ids_T">Row numbers, int64 <c>[T]</c>.</param>
    /// <param name="rows_TH">What to add, <c>[T, H]</c>.</param>
    public void AddRows(Tensor ids_T, Tensor rows_TH)
    {
        using var rows = rows_TH.to(OwnGradient(rows_TH).dtype);
        Gradient!.index_add_(0, ids_T, rows, Autograd.TapeScalars.One);
    }

    /// <summary>Replaces the gradient, as clipping and communication do; ownership is handed over. Null drops it.</summary>
    public void SetGradient(Tensor? gradient)
    {
        if (!ReferenceEquals(Gradient, gradient))
        {
            Gradient?.Dispose();
        }

        Gradient = gradient?.DetachFromDisposeScope();
    }

    /// <summary>Changes the dense weight in place under <c>no_grad</c> and counts a new version. Only for formats that are trainable.</summary>
    public void Update(Action<Tensor> change)
    {
        using var guard = no_grad();
        using (var lease = Rent())
        {
            change(lease.Tensor);
        }

        Touch();
    }

    /// <summary>Says that the values were changed through a rented tensor.</summary>
    public void Touch()
    {
        Version++;
        foreach (var (_, copy) in derived.Values)
        {
            copy.Dispose();
        }

        derived.Clear();
    }

    /// <summary>Replaces the values; ownership of <paramref name="weight"/> is handed over, and its dtype becomes the parameter's.</summary>
    /// <exception cref="ArgumentException">The shape differs.</exception>
    public void Load(Tensor weight)
    {
        if (!weight.shape.SequenceEqual(Shape))
        {
            throw new ArgumentException($"{Path} has shape [{string.Join(", ", Shape)}], not [{string.Join(", ", weight.shape)}].");
        }

        stored?.Dispose();
        DType = weight.dtype;
        stored = home.Adopt(this, Format.Pack(weight.DetachFromDisposeScope()));
        Placement++;
        Touch();
    }

    /// <summary>Changes how the weight is stored.</summary>
    /// <exception cref="InvalidOperationException">The parameter trains and the format cannot.</exception>
    public void ChangeFormat(IWeightFormat format)
    {
        if (Trains && !format.IsTrainable)
        {
            throw new InvalidOperationException($"{Path} trains, but the format {format.Name} cannot be trained.");
        }

        Tensor dense;
        using (var lease = Rent())
        {
            dense = lease.Tensor.alias().DetachFromDisposeScope();
        }

        stored?.Dispose();
        Format = format;
        stored = home.Adopt(this, format.Pack(dense));
        Placement++;
        Touch();
    }

    /// <summary>Changes where the stored pieces live (layer offload, sharding).</summary>
    public void MoveTo(IWeightHome newHome)
    {
        home = newHome;
        stored = newHome.Adopt(this, Stored);
        Placement++;
        Touch();
    }

    /// <summary>A copy derived from the weight (a cast with scales, a transpose), cached until the weight changes. Owned by the parameter.</summary>
    public Tensor Derived(string name, Func<Tensor, Tensor> make)
    {
        if (!derived.TryGetValue(name, out var entry))
        {
            using var lease = Rent();
            derived[name] = entry = (Version, make(lease.Tensor).DetachFromDisposeScope());
        }

        return entry.Copy;
    }

    /// <summary>Frees the weight, the gradient and all copies.</summary>
    public void Dispose()
    {
        Touch();
        SetGradient(null);
        stored?.Dispose();
        stored = null;
    }

    /// <summary>Memory for a first gradient, unwritten.</summary>
    internal Tensor NewGradient(ScalarType dtype, Device device)
        => (GradientPlace is { } place && place.dtype == dtype ? place.alias() : empty([.. Shape], dtype: dtype, device: device)).DetachFromDisposeScope();

    private Tensor OwnGradient(Tensor like)
    {
        if (Gradient is null)
        {
            StartGradient(GradientType ?? like.dtype, like.device);
        }

        return Gradient!;
    }

    private void StartGradient(ScalarType dtype, Device device)
    {
        Gradient = NewGradient(dtype, device);
        Gradient.zero_();
    }

    private StoredWeight Stored => stored ?? throw new ObjectDisposedException(Path);

    internal void Return(StoredWeight pieces) => home.Return(this, pieces);
}
