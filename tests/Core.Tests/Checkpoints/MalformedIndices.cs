using System.Text;
using CsCheck;

namespace Neoteny.Core.Tests.Checkpoints;

/// <summary>Indices of shards that are almost right: paths that lead elsewhere, shards that dangle or are swapped, values of other types, texts cut or changed.</summary>
internal static class MalformedIndices
{
    /// <summary>The tensors of the two shards that exist.</summary>
    public static readonly (string Tensor, string Shard)[] Right = [("a", "one.safetensors"), ("b", "one.safetensors"), ("c", "two.safetensors")];

    private static readonly Gen<string> Tensor = CsCheck.Gen.Frequency(
        (8, Any([.. Right.Select(r => $"\"{r.Tensor}\"")])),
        (2, Any("\"\"", "\"weight_map\"", "\"\\ud800\"", "\"\\u0000\"", "3", "a", "\"../a\"")));

    private static readonly Gen<string> Plain = Any([.. Right.Select(r => $"\"{r.Shard}\"")]);

    private static readonly Gen<string> Elsewhere = Any(
        "\"../outside.safetensors\"", "\"..\\\\outside.safetensors\"", "\"./one.safetensors\"", "\"sub/inner.safetensors\"", "\"sub/../../outside.safetensors\"", "\"/etc/passwd\"",
        "\"/dev/zero\"", "\"..\"", "\".\"", "\"\"", "\"sub\"", "\"one.safetensors\\u0000\"", "\"\\u002e\\u002e\\u002foutside.safetensors\"", "\"%2e%2e%2foutside.safetensors\"",
        "\"\\ud800\"", "\"\\udc00\\ud800.safetensors\"", "\"ONE.safetensors\"", "\"one.safetensors \"", "\"file:///etc/passwd\"", "\"~/one.safetensors\"", "\"model.safetensors.index.json\"",
        $"\"{new string('x', 300)}\"", "\"\\uff0e\\uff0e\\u2215outside.safetensors\"");

    private static readonly Gen<string> Odd = Any("null", "true", "7", "1e400", "[\"one.safetensors\"]", "{\"file\":\"one.safetensors\"}", "one.safetensors", "");

    private static readonly Gen<string> Entry =
        from tensor in Tensor
        from file in CsCheck.Gen.Frequency((9, Plain), (2, Elsewhere), (1, Odd))
        select $"{tensor}:{file}";

    private static readonly Gen<string> Map = CsCheck.Gen.Frequency(
        (6, Entry.Array[0, 6].Select(entries => "{" + string.Join(",", entries) + "}")),
        (2, CsCheck.Gen.Shuffle(Right).Select(rights => "{" + string.Join(",", rights.Select(r => $"\"{r.Tensor}\":\"{r.Shard}\"")) + "}")),
        (1, Any("null", "[]", "\"one.safetensors\"", "{", "{}", "3")));

    private static readonly Gen<byte[]> Structured =
        from map in Map
        from around in Any("{\"weight_map\":@}", "{\"metadata\":{\"total_size\":-1},\"weight_map\":@}", "{\"weight_map\":{},\"weight_map\":@}", "{\"weight_map\":@,\"weight_map\":{}}", "[@]", "@")
        select Encoding.UTF8.GetBytes(around.Replace("@", map, StringComparison.Ordinal));

    private static readonly Gen<byte[]> Mutated =
        from bytes in Structured
        from edits in CsCheck.Gen.Select(CsCheck.Gen.Int[0, 400], CsCheck.Gen.Byte).Array[1, 3]
        select Changed(bytes, edits);

    public static Gen<byte[]> Gen { get; } = CsCheck.Gen.Frequency((6, Structured), (2, Mutated));

    private static byte[] Changed(byte[] bytes, (int At, byte Value)[] edits)
    {
        foreach (var (at, value) in edits.Where(e => e.At < bytes.Length))
        {
            bytes[at] = value;
        }

        return bytes;
    }

    private static Gen<string> Any(params string[] texts) => CsCheck.Gen.Int[0, texts.Length - 1].Select(i => texts[i]);
}
