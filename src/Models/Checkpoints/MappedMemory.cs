using System.Runtime.InteropServices;

namespace Neoteny.Models.Checkpoints;

/// <summary>Copying out of mapped files at the speed of memory, without keeping the mapped pages.</summary>
/// <remarks>
/// First touches of fresh memory are most of the cost: huge pages and a second thread halve it. Advice may be refused by old systems;
/// copying works without.
/// </remarks>
internal static unsafe class MappedMemory
{
    private const int DontNeed = 4;
    private const int HugePages = 14;
    private const int PopulateForReading = 22;
    private const long Slice = 4 << 20;
    private const int MostThreads = 4;

    /// <summary>Asks for large pages under memory that is about to be filled.</summary>
    public static void UseHugePages(byte* start, long bytes)
    {
        if (bytes >= Slice)
        {
            Advise(start, bytes, HugePages);
        }
    }

    /// <summary>Copies mapped bytes and lets go of the source's pages.</summary>
    public static void Copy(byte* source, byte* target, long bytes)
    {
        if (bytes < 2 * Slice)
        {
            CopySlice(source, target, bytes);
            return;
        }

        // Pointers cannot be captured.
        var (from, to) = ((nint)source, (nint)target);
        var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Min(MostThreads, Environment.ProcessorCount) };
        Parallel.For(0, (bytes + Slice - 1) / Slice, options, i =>
            CopySlice((byte*)from + (i * Slice), (byte*)to + (i * Slice), Math.Min(Slice, bytes - (i * Slice))));
    }

    /// <summary>Stops counting mapped pages as this process's memory; they stay in the system's cache.</summary>
    public static void Release(byte* start, long bytes) => Advise(start, bytes, DontNeed);

    private static void CopySlice(byte* source, byte* target, long bytes)
    {
        Advise(source, bytes, PopulateForReading);
        Buffer.MemoryCopy(source, target, bytes, bytes);
        Release(source, bytes);
    }

    private static void Advise(byte* from, long bytes, int advice)
    {
        var page = (nuint)Environment.SystemPageSize;
        var start = ((nuint)from + page - 1) & ~(page - 1);
        var end = ((nuint)from + (nuint)bytes) & ~(page - 1);
        if (end > start)
        {
            _ = madvise(start, end - start, advice);
        }
    }

    [DllImport("libc")]
    private static extern int madvise(nuint start, nuint length, int advice);
}
