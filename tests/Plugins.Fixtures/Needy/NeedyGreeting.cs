using Neoteny.Configuration;
using Neoteny.Fixture;

namespace Neoteny.Plugins.Needy;

[Options]
public sealed record NeedyOptions : IValidated
{
    [Key("needy_what", Required = true, Summary = "What it needs.")]
    public string What { get; init; } = "";

    [Reads("sequence_len")]
    public int? SequenceLength { get; init; }

    public void Validate(IProblems problems)
    {
        if (SequenceLength < 64)
            problems.Add(nameof(SequenceLength), "must be at least 64 for Needy");
        else if (SequenceLength < 128)
            problems.Warn(nameof(SequenceLength), "Needy likes 128");
    }
}

/// <summary>Loads for its name, and has demands on the file.</summary>
[Provides("needy")]
public sealed class NeedyGreeting : IGreeting
{
    public string Greet() => "at last";
}
