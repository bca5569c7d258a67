using System.Text;
using CsCheck;

namespace Neoteny.Core.Tests.Checkpoints;

/// <summary>Headers that are almost right: generated entries with wrong fields, and right ones with bytes changed.</summary>
internal static class MalformedHeaders
{
    private static readonly Gen<string> Number = CsCheck.Gen.OneOf(
        CsCheck.Gen.Long[0, 64].Select(n => n.ToString()),
        Any("-1", "1.5", "9223372036854775807", "18446744073709551616", "1e300", "null", "\"4\"", "[4]", "{}", "00", ""));

    private static readonly Gen<string> Numbers = Number.Array[0, 4].Select(n => "[" + string.Join(",", n) + "]");

    private static readonly Gen<string> Type = Any("\"F32\"", "\"BF16\"", "\"U8\"", "\"I64\"", "\"F8_E4M3\"", "\"XX\"", "7", "null", "\"\\u0000\"");

    private static readonly Gen<string> Name = CsCheck.Gen.OneOf(Any("\"a\"", "\"b\"", "\"__metadata__\"", "\"\"", "\"\\ud800\"", "a", "3"), CsCheck.Gen.String[0, 8].Select(s => "\"" + s + "\""));

    private static readonly Gen<string> Field = CsCheck.Gen.OneOf(
        Type.Select(t => "\"dtype\":" + t),
        Numbers.Select(n => "\"shape\":" + n),
        Numbers.Select(n => "\"data_offsets\":" + n),
        Any("\"more\":{\"x\":[1]}", "\"dtype\"", ":", "\"shape\":3"));

    private static readonly Gen<string> Entry = CsCheck.Gen.Select(Name, Field.Array[0, 5], (name, fields) => $"{name}:{{{string.Join(",", fields)}}}");

    private static readonly Gen<string> Whole = CsCheck.Gen.Select(Type, Numbers, Numbers, Name, (type, shape, offsets, name) => $"{name}:{{\"dtype\":{type},\"shape\":{shape},\"data_offsets\":{offsets}}}");

    private static readonly Gen<byte[]> Structured =
        from entries in CsCheck.Gen.OneOf(Entry, Whole).Array[0, 4]
        from data in CsCheck.Gen.Int[0, 80]
        select SafetensorsBytes.Of("{" + string.Join(",", entries) + "}", data);

    private static readonly byte[] Right = SafetensorsBytes.Of(
        """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]}}""", 22);

    private static readonly Gen<byte[]> Mutated =
        from edits in CsCheck.Gen.Select(CsCheck.Gen.Int[0, Right.Length - 1], CsCheck.Gen.Byte).Array[1, 4]
        from length in CsCheck.Gen.Frequency((3, CsCheck.Gen.Const(Right.Length)), (1, CsCheck.Gen.Int[0, Right.Length]))
        select Apply(edits, length);

    private static readonly Gen<byte[]> Noise = CsCheck.Gen.Byte.Array[0, 200];

    public static Gen<byte[]> Gen { get; } = CsCheck.Gen.Frequency((4, Structured), (4, Mutated), (1, Noise));

    private static Gen<string> Any(params string[] texts) => CsCheck.Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static byte[] Apply((int At, byte Value)[] edits, int length)
    {
        var bytes = Right.ToArray();
        foreach (var (at, value) in edits)
        {
            bytes[at] = value;
        }

        return bytes[..length];
    }
}
