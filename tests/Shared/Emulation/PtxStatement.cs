using System.Globalization;
using System.Text.RegularExpressions;

namespace Neoteny.Tests;

/// <summary>
/// <c>asm</c> statements as calls: <c>asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y) : "f"(x))</c> becomes <c>ptx_cvt_rn_bf16_f32(y, x)</c>. The operands stand in the order of the
/// instruction's text, so that a wrong number in it shows. What ptx.hpp does not define does not compile.
/// </summary>
internal static partial class PtxStatement
{
    public static string Replace(string text)
    {
        var result = new System.Text.StringBuilder();
        var from = 0;
        foreach (Match match in Start().Matches(text))
        {
            var end = Closing(text, match.Index + match.Length - 1);
            result.Append(text, from, match.Index - from).Append(Call(text[(match.Index + match.Length)..end]));
            from = end + 1;
        }

        return result.Append(text, from, text.Length - from).ToString();
    }

    private static string Call(string statement)
    {
        var parts = Split(statement, ':');
        var instruction = string.Concat(Literal().Matches(parts[0]).Select(m => m.Groups[1].Value)).Trim();
        string[] operands = [.. parts.Skip(1).Take(2).SelectMany(p => Split(p, ',')).Where(o => o.Trim().Length > 0).Select(Expression)];
        // Several instructions have a name made of all of them.
        var isBlock = instruction.StartsWith('{');
        var mnemonic = isBlock ? Number().Replace(instruction.Trim('{', '}', ' '), "") : instruction.Split(' ', 2)[0];
        var name = Punctuation().Replace(mnemonic.Trim().TrimEnd(';'), "_");
        var rest = isBlock ? instruction : instruction[instruction.Split(' ', 2)[0].Length..];
        var given = Number().Matches(rest).Select(m => operands[int.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture)]);
        var constants = isBlock ? [] : Constant().Matches(rest).Select(m => m.Groups[1].Value);
        return $"ptx_{name}({string.Join(", ", given.Concat(constants))})";
    }

    /// <summary>The expression of <c>"=r"(x)</c>.</summary>
    private static string Expression(string operand)
    {
        var open = operand.IndexOf('(', StringComparison.Ordinal);
        return operand[open..(Closing(operand, open) + 1)];
    }

    /// <summary>Where the parenthesis that opens at a place is closed.</summary>
    private static int Closing(string text, int open)
    {
        var depth = 0;
        for (var i = open; ; i++)
        {
            if (text[i] == '"')
            {
                for (i++; text[i] != '"'; i++)
                    i += text[i] == '\\' ? 1 : 0;
            }
            else
            {
                depth += text[i] is '(' or '[' or '{' ? 1 : text[i] is ')' or ']' or '}' ? -1 : 0;
                if (depth == 0)
                    return i;
            }
        }
    }

    /// <summary>Parts between separators outside of parentheses and literals.</summary>
    private static List<string> Split(string text, char separator)
    {
        List<string> parts = [];
        var from = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is '(' or '[' or '{')
            {
                i = Closing(text, i);
            }
            else if (text[i] == '"')
            {
                for (i++; text[i] != '"'; i++)
                    i += text[i] == '\\' ? 1 : 0;
            }
            else if (text[i] == separator)
            {
                parts.Add(text[from..i]);
                from = i + 1;
            }
        }

        parts.Add(text[from..]);
        return parts;
    }

    [GeneratedRegex(@"\b(?:asm|__asm__)\s*(?:(?:volatile|__volatile__)\s*)?\((?!""neoteny_)")]
    private static partial Regex Start();

    [GeneratedRegex(@"""((?:[^""\\]|\\.)*)""")]
    private static partial Regex Literal();

    [GeneratedRegex(@"%(\d+)")]
    private static partial Regex Number();

    [GeneratedRegex(@"[^A-Za-z0-9]+")]
    private static partial Regex Punctuation();

    [GeneratedRegex(@"(?<=[\s,])(\d+)(?=\s*[,;])")]
    private static partial Regex Constant();
}
