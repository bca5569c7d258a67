using System.Runtime.InteropServices;
using Neoteny.Benchmarks.Harness;
using Neoteny.Models.Checkpoints;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Checkpoints;

/// <summary>Reading a safetensors file into tensors against reading its bytes.</summary>
internal sealed class SafetensorsBenchmark : IBenchmark
{
    private const int Tensors = 20;
    private const int Rows = 6250;
    private const int Columns = 2000;
    private const int Buffer = 1 << 20;
    private const int WarmUp = 2;

    public string Name => "safetensors";

    public int DefaultRepeat => 15;

    public Report Run(int repeat)
    {
        LibTorch.Load();
        var folder = Directory.CreateTempSubdirectory("neoteny-bench-");
        try
        {
            var path = Path.Combine(folder.FullName, "model.safetensors");
            Write(path);
            var bytes = new FileInfo(path).Length;
            var times = Rounds.Time(
                $"{bytes / 1e6:f0} MB, bf16", WarmUp, repeat,
                ("into tensors", _ => ReadTensors(path)),
                ("bytes, through a 1 MB buffer", _ => ReadThroughBuffer(path)),
                ("bytes, into fresh memory", _ => ReadIntoFreshMemory(path)));
            return new Report
            {
                Title = "Reading a safetensors file",
                Method = "A file of 20 bf16 tensors that the system has cached is read into tensors that stay alive together, and its bytes are read in two ways, in turns in "
                    + "one process. Ratios are taken round by round.",
                Measurements =
                [
                    .. times,
                    Measurement.Ratio("speed, tensors / bytes through a buffer", times[1], times[0], "at least 0.5"),
                    Measurement.Ratio("speed, tensors / bytes into fresh memory", times[2], times[0]),
                ],
            };
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Write(string path) => SafetensorsWriter.Write(path, Enumerable.Range(0, Tensors).Select(i =>
        new TensorSource($"layers.{i}.weight", ScalarType.BFloat16, [Rows, Columns], () => randn(Rows, Columns, dtype: ScalarType.BFloat16))));

    private static void ReadTensors(string path)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(path);
        foreach (var entry in file.Entries)
        {
            file.Read(entry.Name);
        }
    }

    private static void ReadThroughBuffer(string path)
    {
        using var file = File.OpenHandle(path);
        var buffer = new byte[Buffer];
        for (long at = 0, read; (read = RandomAccess.Read(file, buffer, at)) > 0; at += read)
        {
        }
    }

    private static unsafe void ReadIntoFreshMemory(string path)
    {
        using var file = File.OpenHandle(path);
        var memory = (byte*)NativeMemory.Alloc((nuint)RandomAccess.GetLength(file));
        for (long at = 0, read; (read = RandomAccess.Read(file, new Span<byte>(memory + at, (int)(RandomAccess.GetLength(file) - at)), at)) > 0; at += read)
        {
        }

        NativeMemory.Free(memory);
    }
}
