using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Native;

/// <summary>Calls one ATen operator by name through libtorch's stable C interface.</summary>
/// <remarks>
/// The cheapest way to a single operator that TorchSharp does not wrap: no script, and an error code instead of an ended process. Takes
/// operators whose arguments are tensors, whole and floating point numbers and truth values (optional ones of these as
/// <see cref="AtenArgument.None"/>), and whose results are tensors; for <c>Scalar</c> or list arguments use an <see cref="AtenScript"/>.
/// </remarks>
/// <param name="name">The qualified name, such as <c>aten::mm</c>.</param>
/// <param name="overload">The overload's name, empty for the one without.</param>
public sealed unsafe partial class AtenOperator(string name, string overload = "")
{
    /// <summary>Calls an operator with one result, which the caller owns.</summary>
    /// <exception cref="InvalidOperationException">The operator does not exist, or refuses the arguments.</exception>
    public Tensor Call(params ReadOnlySpan<AtenArgument> arguments) => CallMany(1, arguments)[0];

    /// <summary>Calls an operator with several results, which the caller owns.</summary>
    /// <param name="results">How many results it has.</param>
    /// <param name="arguments">All its arguments in the order of its schema, those with defaults included.</param>
    /// <exception cref="InvalidOperationException">The operator does not exist, or refuses the arguments.</exception>
    public Tensor[] CallMany(int results, params ReadOnlySpan<AtenArgument> arguments)
    {
        LibTorch.Load();
        var stack = stackalloc ulong[Math.Max(arguments.Length, results)];
        for (var i = 0; i < arguments.Length; i++)
        {
            stack[i] = arguments[i].Tensor is { } tensor ? OwnHandle(tensor) : arguments[i].Bits;
        }

        var error = CallDispatcher(name, overload, stack);
        foreach (var argument in arguments)
        {
            GC.KeepAlive(argument.Tensor);
        }

        if (error != 0)
        {
            throw new InvalidOperationException($"{name}{(overload.Length > 0 ? "." : "")}{overload} does not exist or refused its arguments ({Describe(arguments)}).");
        }

        var made = new Tensor[results];
        for (var i = 0; i < results; i++)
        {
            made[i] = Tensor.UnsafeCreateTensor((nint)stack[i]);
        }

        return made;
    }

    /// <summary>A handle of the same tensor for the call to consume.</summary>
    private static ulong OwnHandle(Tensor tensor)
    {
        var error = NewTensorHandle(tensor.Handle, out var handle);
        GC.KeepAlive(tensor);
        return error == 0 ? (ulong)handle : throw new InvalidOperationException("libtorch could not make another handle of a tensor.");
    }

    private static string Describe(ReadOnlySpan<AtenArgument> arguments)
    {
        var parts = new List<string>();
        foreach (var argument in arguments)
        {
            parts.Add(argument.Tensor is { } tensor ? $"{tensor.dtype} [{string.Join(", ", tensor.shape)}]" : argument.Bits.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        return string.Join("; ", parts);
    }

    [LibraryImport("torch_cpu", EntryPoint = "aoti_torch_call_dispatcher", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CallDispatcher(string name, string overload, ulong* stack);

    [LibraryImport("torch_cpu", EntryPoint = "aoti_torch_new_tensor_handle")]
    private static partial int NewTensorHandle(nint original, out nint made);
}
