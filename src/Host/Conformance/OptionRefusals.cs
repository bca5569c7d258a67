using Neoteny.Conformance;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;

namespace Neoteny.Host.Conformance;

/// <summary>Values that a key does not accept are refused with the key's name and place.</summary>
internal static class OptionRefusals
{
    /// <summary>The check for all keys of a plugin.</summary>
    public static ConformanceCheck Check(InstalledPlugin plugin, KeyTable keys) => new("Bad values are refused by key", run =>
    {
        var tried = plugin.Manifest!.Keys.SelectMany(k => BadValues(k).Select(v => (Key: k, Value: v))).ToList();
        if (tried.Count == 0)
        {
            run.Skip("its keys accept every text");
        }

        foreach (var (key, value) in tried)
        {
            var file = RunFile.Parse($"{key.Name}: {value}");
            new KeyChecker(keys).Check(file, []);
            var problems = new ProblemList();
            new ValueChecker(problems).Check(file.Root.Entries[0].Value, key, key.Name);
            var errors = file.Problems.Errors.Concat(problems.Errors).Select(e => e.ToString()).ToList();
            run.That(errors.Any(e => e.Contains(key.Name, StringComparison.Ordinal)), $"{key.Name}: {value} is accepted");
        }
    });

    private static IEnumerable<string> BadValues(KeyInfo key)
    {
        switch (key.Shape)
        {
            case IntegerShape or NumberShape:
                yield return "no number";
                if (double.IsFinite(key.Minimum))
                {
                    yield return ScalarText.Write(key.Minimum - 1);
                }

                if (double.IsFinite(key.Maximum))
                {
                    yield return ScalarText.Write(key.Maximum + 1);
                }

                break;
            case BooleanShape or ChoiceShape:
                yield return "neither of both";
                break;
            case TextShape when key.Allowed.Count > 0:
                yield return "none of these";
                break;
            case UnknownShape unknown:
                yield return unknown.TypeName;
                break;
        }
    }
}
