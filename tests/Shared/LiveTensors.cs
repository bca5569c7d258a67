using static TorchSharp.torch;

namespace Neoteny.Tests;

/// <summary>Counts the tensors that live, after finalizing those that nobody holds.</summary>
internal static class LiveTensors
{
    public static long Count()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }

    /// <summary>Counts without collecting: what is alive because nobody disposed it counts too.</summary>
    public static long CountUncollected() => Tensor.TotalCount;

    /// <summary>Asserts that an action disposes every tensor it makes, without the garbage collector's help.</summary>
    public static void Unchanged(Action action)
    {
        action();
        var before = Count();
        action();
        Assert.Equal(before, CountUncollected());
    }
}
