using System.Diagnostics;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Extensions are created for every run that loads their plugin, used or not, so their constructors only remember what they are given.</summary>
internal static class Construction
{
    private static readonly TimeSpan Most = TimeSpan.FromMilliseconds(20);

    public static void Check<TPoint>(CheckRun run, Func<TPoint> create)
        where TPoint : class
    {
        create();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var (fastest, before) = (TimeSpan.MaxValue, Tensor.TotalCount);
        for (var i = 0; i < 5; i++)
        {
            var watch = Stopwatch.StartNew();
            create();
            fastest = watch.Elapsed < fastest ? watch.Elapsed : fastest;
        }

        run.That(Tensor.TotalCount <= before, $"the constructor makes tensors ({Tensor.TotalCount - before} in five calls)");
        run.That(fastest < Most, $"the constructor takes {fastest.TotalMilliseconds:f1} ms, at most {Most.TotalMilliseconds:f0} ms");
    }
}
