using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Native;

/// <summary>A few lines of TorchScript that call ATen operators by name; compiled on first use.</summary>
/// <remarks>
/// In a script <c>torch.op</c> is <c>aten::op</c>, which reaches operators TorchSharp does not wrap, and makes one crossing of a composition.
/// A script that does not compile ends the process, so a script is a constant with a test. Arguments are tensors, numbers, truth values,
/// <see cref="Scalar"/>s and null; all are kept alive during the call.
/// </remarks>
public sealed class AtenScript(string source)
{
    private readonly Lazy<jit.CompilationUnit> unit = new(() =>
    {
        LibTorch.Load();
        return jit.compile(source + "\n");
    });

    /// <summary>Compiles it now, if no call has done so. A script that does not compile ends the process.</summary>
    public void Compile() => _ = unit.Value;

    /// <summary>Calls a function that returns one tensor.</summary>
    public Tensor Call(string function, params object?[] arguments) => (Tensor)Invoke(function, arguments);

    /// <summary>Calls a function that returns <c>List[Tensor]</c>.</summary>
    public Tensor[] CallMany(string function, params object?[] arguments) => (Tensor[])Invoke(function, arguments);

    /// <summary>Calls a function that returns <c>int</c>.</summary>
    public long CallInteger(string function, params object?[] arguments)
    {
        using var result = (Scalar)Invoke(function, arguments);
        return result.ToInt64();
    }

    /// <summary>Calls a function whose result does not matter.</summary>
    public void Run(string function, params object?[] arguments) => (Invoke(function, arguments) as IDisposable)?.Dispose();

    private object Invoke(string function, object?[] arguments)
    {
        var boxed = Array.ConvertAll(arguments, Boxed);
        var result = unit.Value.invoke(function, boxed!);
        for (var i = 0; i < boxed.Length; i++)
        {
            GC.KeepAlive(boxed[i]);
            if (!ReferenceEquals(boxed[i], arguments[i]))
            {
                ((Scalar)boxed[i]!).Dispose();
            }
        }

        return result;
    }

    /// <summary>A scalar in place of a plain number; TorchSharp would make one itself and let go of it before the call.</summary>
    private static object? Boxed(object? argument) => argument switch
    {
        double number => number.ToScalar(),
        float number => number.ToScalar(),
        long number => number.ToScalar(),
        int number => ((long)number).ToScalar(),
        bool flag => flag.ToScalar(),
        _ => argument,
    };
}
