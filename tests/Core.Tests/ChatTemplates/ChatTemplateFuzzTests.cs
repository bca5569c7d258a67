using System.Diagnostics;
using Neoteny.Models.ChatTemplates;

namespace Neoteny.Core.Tests.ChatTemplates;

/// <summary>Broken and hostile templates end in an input error, quickly.</summary>
public class ChatTemplateFuzzTests
{
    private static readonly ChatMessage[] Talk = [new("system", "s"), new("user", "hi 😀"), new("assistant", "yo")];

    private static readonly string[] Fragments =
    [
        "{{", "}}", "{%", "%}", "{%-", "-%}", "{#", "#}", " if ", " else ", "{% endif %}", "{% for m in messages %}", "{% endfor %}", "{% set x = ", "{% macro f(a) %}", "{% endmacro %}",
        "f(1)", "f(f)", "messages", "m.content", "m['role']", "loop.index", "x", "[", "]", "(", ")", "{", "}", "|", "tojson", "trim", "join", "map", "first", "length", "sort", "sum",
        ".", ",", ":", "+", "-", "*", "/", "//", "%", "**", "~", "==", "<", " in ", " not ", " and ", " is ", "defined", "none", "'a'", "\"b", "'\\u12'", "0", "1", "9999999999999999999", "2.5", "-1", "1e9",
        "range(3)", "namespace(a=1)", "raise_exception('no')", "{% break %}", "{% generation %}", "{% endgeneration %}", "{% raw %}", "{% endraw %}", "\n", "text", ".split()", ".items()", "[::-1]", "é😀", "\\",
    ];

    [Fact]
    public void Ten_thousand_random_templates_render_or_are_refused()
    {
        var random = new Random(11);
        var sources = ChatTemplate.Names.Select(name => ChatTemplate.Named(name).Source).ToArray();
        var watch = Stopwatch.StartNew();
        var rendered = 0;
        for (var i = 0; i < 10_000; i++)
        {
            var template = i % 2 == 0 ? Soup(random) : Mutated(sources[random.Next(sources.Length)], random);
            rendered += Survives(template) ? 1 : 0;
        }

        Assert.InRange(rendered, 500, 9500);
        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(5), $"{watch.Elapsed}");
    }

    public static TheoryData<string, string> Hostile => new()
    {
        { "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "the template ran for more than 5000000 steps" },
        { "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "made texts of more than 67108864 characters" },
        { "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}", "made texts of more than 67108864 characters" },
        { "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "made texts of more than 67108864 characters" },
        { "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}", "the template ran for more than 5000000 steps" },
        { "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s | tojson }}", "the template ran for more than 5000000 steps" },
        { "{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}", "the template ran for more than 5000000 steps" },
        { "{% set ns = namespace(s=1) %}{% for i in range(99999) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}", "the template nests too deeply" },
        { "{{ 'a' * 9999999999 }}", "made texts of more than 67108864 characters" },
        { "{{ [1] * 9999999999 }}", "made texts of more than 67108864 characters" },
        { "{{ 'a' | indent(9999999999) }}", "made texts of more than 67108864 characters" },
        { "{{ [[1]] | tojson(indent=999999999) }}", "made texts of more than 67108864 characters" },
        { "{{ ('a' * 9999).replace('a', 'b' * 99999) }}", "made texts of more than 67108864 characters" },
        { "{{ range(999999999) }}", "999999999 numbers are more than 100000" },
        { "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "macros call one another more than 200 deep" },
        { "{% for x in [[]] recursive %}{{ loop([x]) }}{% endfor %}", "macros call one another more than 200 deep" },
        { "{{ 2 ** 9999 }}", "the result of '**' is too large" },
        { "{{ 9 ** 9 ** 9 ** 9 }}", "the result of '**' is too large" },
        { "{{ messages.append(1) }}", "lists cannot be changed with append()" },
        { "{{ ''.__class__ }}{{ ''.__class__.mro() }}", "a text has no member '__class__', so it has no member 'mro'" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void A_hostile_template_is_stopped(string template, string reason)
    {
        var watch = Stopwatch.StartNew();
        var error = Assert.Throws<InputException>(() => ChatTemplate.Parse(template).Render(Talk, false));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("chat template, line 1: ", error.Message, StringComparison.Ordinal);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"{watch.Elapsed}");
    }

    [Theory]
    [InlineData("(", 100_000)]
    [InlineData("[", 100_000)]
    [InlineData("-", 100_000)]
    [InlineData("{'a':", 100_000)]
    [InlineData("not ", 100_000)]
    [InlineData("1 if 1 else ", 50_000)]
    public void Deep_expressions_are_refused(string opening, int count) =>
        Assert.Throws<InputException>(() => ChatTemplate.Parse("{{ " + string.Concat(Enumerable.Repeat(opening, count))).Render(Talk, false));

    [Theory]
    [InlineData("1", " + 1", 100_000)]
    [InlineData("s", " | trim", 100_000)]
    [InlineData("s", ".a", 100_000)]
    [InlineData("1", " == 1", 100_000)]
    [InlineData("s", " ~ s", 100_000)]
    public void Long_chains_render_or_are_refused(string first, string more, int count) =>
        _ = Survives("{% set s = 'x' %}{{ " + first + string.Concat(Enumerable.Repeat(more, count)) + " }}");

    [Fact]
    public void Deep_blocks_are_refused() => Assert.Throws<InputException>(() =>
        ChatTemplate.Parse(string.Concat(Enumerable.Repeat("{% if 1 %}", 90_000))));

    private static bool Survives(string template)
    {
        try
        {
            _ = ChatTemplate.Parse(template).Render(Talk, true);
            return true;
        }
        catch (InputException error)
        {
            Assert.Matches("line [1-9]", error.Message);
            return false;
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"{error.GetType().Name}: {error.Message} on {template[..Math.Min(template.Length, 500)]}", error);
        }
    }

    private static string Soup(Random random)
    {
        var parts = Enumerable.Range(0, random.Next(1, 25)).Select(_ => Fragments[random.Next(Fragments.Length)]);
        return random.Next(2) == 0 ? string.Concat(parts) : "{{ " + string.Join(' ', parts.Where(part => !part.Contains('%', StringComparison.Ordinal))) + " }}";
    }

    private static string Mutated(string source, Random random)
    {
        for (var n = random.Next(1, 3); n > 0; n--)
        {
            var at = random.Next(source.Length);
            var length = random.Next(0, Math.Min(12, source.Length - at));
            source = source[..at] + (random.Next(2) == 0 ? Fragments[random.Next(Fragments.Length)] : "") + source[(at + length)..];
        }

        return source;
    }
}
