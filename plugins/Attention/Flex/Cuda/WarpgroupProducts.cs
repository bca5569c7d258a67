using System.Globalization;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>
/// CUDA: the <c>wgmma</c> instructions as functions <c>(c, a, b)</c> on sums <c>c[columns / 8][4]</c>, with a descriptor for each factor in shared memory. An instruction names each
/// of its registers, so that their text is made here.
/// </summary>
internal static class WarpgroupProducts
{
    /// <summary>
    /// <c>multiply_shared</c>, rows of both factors in shared memory; <c>multiply_across</c>, where the depth lies across rows; <c>multiply_registers</c>, the left factor as fragments in
    /// registers and the right one across rows. The first two have a parameter <c>ADDS</c>: without it sums are replaced.
    /// </summary>
    /// <param name="dtype">bf16 or fp16.</param>
    public static string Text(ScalarType dtype)
    {
        var type = dtype == ScalarType.BFloat16 ? "bf16" : "f16";
        return string.Concat(
            Shared("multiply_shared", 64, type, across: 0), Shared("multiply_shared", 128, type, across: 0), Shared("multiply_across", 64, type, across: 1), Registers(64, type), Registers(128, type));
    }

    private static string Shared(string name, int columns, string type, int across)
    {
        var sums = columns / 2;
        return Function("template <bool ADDS> ", name, "u64 a", columns, type, $"%{sums}, %{sums + 1}, %{sums + 2}, 1, 1, {across}, {across}", "\"l\"(a), \"l\"(b), \"n\"(ADDS)");
    }

    private static string Registers(int columns, string type)
    {
        var sums = columns / 2;
        return Function(
            "", "multiply_registers", "const u32 (&a)[4]", columns, type, $"{{{Numbers(sums, 4)}}}, %{sums + 4}, 1, 1, 1, 1",
            "\"r\"(a[0]), \"r\"(a[1]), \"r\"(a[2]), \"r\"(a[3]), \"l\"(b)");
    }

    private static string Function(string template, string name, string left, int columns, string type, string factors, string operands)
    {
        var sums = string.Join(", ", Enumerable.Range(0, columns / 2).Select(i => $"\"+f\"(c[{i / 4}][{i % 4}])"));
        return $$"""
            {{template}}__device__ __forceinline__ void {{name}}(float (&c)[{{columns / 8}}][4], {{left}}, u64 b) {
                asm volatile("wgmma.mma_async.sync.aligned.m64n{{columns}}k16.f32.{{type}}.{{type}} {{{Numbers(0, columns / 2)}}}, {{factors}};" : {{sums}} : {{operands}});
            }

            """;
    }

    private static string Numbers(int first, int count) => string.Join(", ", Enumerable.Range(first, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"%{i}")));
}
