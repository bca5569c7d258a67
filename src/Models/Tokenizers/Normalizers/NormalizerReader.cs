using System.Globalization;
using System.Text;
using Neoteny.Models.Tokenizers.Algorithms;
using Neoteny.Models.Tokenizers.Json;
using Neoteny.Models.Tokenizers.Patterns;

namespace Neoteny.Models.Tokenizers.Normalizers;

/// <summary>Builds the <c>normalizer</c> of a tokenizer.json.</summary>
internal static class NormalizerReader
{
    private const string Known = "BertNormalizer, ByteLevel, NFC, NFD, NFKC, NFKD, Lowercase, Nmt, Precompiled, Prepend, Replace, Strip, StripAccents, Sequence";

    // The one character whose lower case is two.
    private const int DottedCapitalI = 0x130;

    public static INormalizer Read(JsonValue value) => value.Type() switch
    {
        "Sequence" => new SequenceNormalizer([.. value.Get("normalizers").Items().Select(Read)]),
        "NFC" => new FormNormalizer(compose: true, compatibility: false),
        "NFD" => new FormNormalizer(compose: false, compatibility: false),
        "NFKC" => new FormNormalizer(compose: true, compatibility: true),
        "NFKD" => new FormNormalizer(compose: false, compatibility: true),
        "BertNormalizer" => BertRules.Read(value),
        "ByteLevel" => new AlphabetWriter(),
        "Lowercase" => new MapNormalizer(Lower),
        "StripAccents" => new MapNormalizer(static rune => IsMark(rune) ? "" : rune.ToString()),
        "Nmt" => new MapNormalizer(NmtRules.Map),
        "Precompiled" => PrecompiledNormalizer.Read(value),
        "Prepend" => new PrependNormalizer(value.Get("prepend").Text()),
        "Replace" => new ReplaceNormalizer(SplitPattern.Read(value.Get("pattern")), value.Get("content").Text()),
        "Strip" => new StripNormalizer(value.Flag("strip_left", true), value.Flag("strip_right", true)),
        var other => throw value.Fail($"the normalizer '{other}' is not supported. Supported are {Known}."),
    };

    public static string Lower(Rune rune) => rune.Value == DottedCapitalI ? "i\u0307" : Rune.ToLowerInvariant(rune).ToString();

    private static bool IsMark(Rune rune) => Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}
