using Neoteny.Configuration;

namespace Neoteny.Plugins.Greeter;

[Options]
public sealed record GreeterOptions : IValidated
{
    [Key("greeter_name", Aliases = ["greeter_who"], Summary = "Who is greeted.")]
    public string Name { get; init; } = "world";

    [Key("greeter_times", Minimum = 1, Maximum = 3, Default = "1")]
    public int Times { get; init; } = 1;

    [Key("greeter_mood")]
    public Mood Mood { get; init; } = Mood.Calm;

    [Key("greeter_languages")]
    public IReadOnlyList<Language> Languages { get; init; } = [];

    [Reads("sequence_len")]
    public int? SequenceLength { get; init; }

    public void Validate(IProblems problems)
    {
        if (Mood == Mood.VeryLoud && Times > 2)
            problems.Add(nameof(Times), "at most 2 when greeter_mood is very_loud");
    }
}
