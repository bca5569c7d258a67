using Neoteny.Runtime.Cpu;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Regions;

/// <summary>The addresses that captured work writes its results to, and the copies of constants that several regions of a tape read.</summary>
internal sealed class FixedMemory
{
    private readonly HashSet<nint> results = [];
    private readonly Dictionary<nint, nint> copies = [];
    private readonly Dictionary<nint, Tensor> constants = [];

    /// <summary>A new tape begins: its constants have not been copied.</summary>
    public void Forget() => copies.Clear();

    /// <summary>Nothing is captured any more.</summary>
    public void Clear()
    {
        Forget();
        results.Clear();
        foreach (var constant in constants.Values)
            constant.Dispose();
        constants.Clear();
    }

    /// <summary>Says that captured work writes a result here each time.</summary>
    public void Add(Tensor result) => results.Add(TensorData.Pointer(result));

    /// <summary>A tensor at an address that stays: the given one where captured work writes it, else a buffer with its values.</summary>
    /// <param name="tensor">What captured work is to read.</param>
    /// <param name="isConstant">Whether several regions may read one buffer, since none of them gives it a gradient.</param>
    public FixedTensor Fix(Tensor tensor, bool isConstant)
    {
        var address = TensorData.Pointer(tensor);
        if (results.Contains(address))
            return new FixedTensor(this, tensor.alias().DetachFromDisposeScope(), isBuffer: false, isConstant);
        if (isConstant && copies.TryGetValue(address, out var copied))
            return new FixedTensor(this, constants[copied].alias().DetachFromDisposeScope(), isBuffer: true, isConstant);
        var made = new FixedTensor(this, tensor.clone().DetachFromDisposeScope(), isBuffer: true, isConstant);
        if (isConstant)
        {
            constants[made.Address] = made.Tensor.alias().DetachFromDisposeScope();
            copies[address] = made.Address;
        }

        return made;
    }

    /// <summary>Whether a constant has to be copied in this tape, or was.</summary>
    public bool NeedsCopy(nint constant, nint buffer)
    {
        if (copies.TryGetValue(constant, out var last) && last == buffer)
            return false;
        copies[constant] = buffer;
        return true;
    }
}

/// <summary>What captured work reads at a fixed address.</summary>
internal sealed class FixedTensor(FixedMemory memory, Tensor tensor, bool isBuffer, bool isConstant) : IDisposable
{
    public nint Address { get; } = TensorData.Pointer(tensor);

    public Tensor Tensor => tensor;

    /// <summary>Whether a tensor can take this one's place while others need what captured work wrote here: it is at the address, or there is a buffer to copy it to.</summary>
    public bool Takes(Tensor incoming) => isBuffer || TensorData.Pointer(incoming) == Address;

    /// <summary>Puts the values of this call in place.</summary>
    public void Fill(Tensor incoming)
    {
        var address = TensorData.Pointer(incoming);
        if (address != Address && (!isConstant || memory.NeedsCopy(address, Address)))
            tensor.copy_(incoming);
    }

    public void Dispose() => tensor.Dispose();
}
