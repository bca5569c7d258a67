using Neoteny.Configuration;

namespace Neoteny.Host.Tests;

internal sealed record DatasetOptions : IValidated
{
    [Key("path", Required = true)]
    public string Path { get; init; } = "";

    [Key("type", Aliases = ["kind"], Allowed = ["alpaca", "completion"])]
    public string Type { get; init; } = "alpaca";

    [Key("weight", Minimum = 0)]
    public double Weight { get; init; } = 1;

    public void Validate(IProblems problems)
    {
        if (Type == "completion" && Weight == 0)
            problems.Add(nameof(Weight), "a dataset of weight 0 is never drawn from");
    }
}
