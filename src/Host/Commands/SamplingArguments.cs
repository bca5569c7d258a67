using System.CommandLine;
using Neoteny.Models.Generation;

namespace Neoteny.Host.Commands;

/// <summary>How tokens are chosen; what is not given comes from the model's generation_config.json.</summary>
internal sealed class SamplingArguments
{
    private readonly Option<int?> length = new("--max-new-tokens") { Description = "The most tokens to write (256)." };
    private readonly Option<double?> temperature = new("--temperature") { Description = "0 always takes the most likely token; higher is more varied." };
    private readonly Option<double?> topP = new("--top-p") { Description = "Draw from the most likely tokens that together reach this probability." };
    private readonly Option<int?> topK = new("--top-k") { Description = "Draw from this many of the most likely tokens; 0 is all." };
    private readonly Option<double?> minP = new("--min-p") { Description = "Drop tokens less likely than this share of the most likely one's probability." };
    private readonly Option<double?> repetition = new("--repetition-penalty") { Description = "Above 1, tokens that occurred become less likely; 1 changes nothing." };
    private readonly Option<string[]> stops = new("--stop") { Description = "End before this text; repeat the option for several." };
    private readonly Option<ulong?> seed = new("--seed") { Description = "The same seed gives the same text." };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { length, temperature, topP, topK, minP, repetition, stops, seed })
        {
            command.Add(option);
        }
    }

    /// <summary>Puts what was given over the model's own settings.</summary>
    public GenerationOptions Apply(ParseResult given, GenerationOptions own) => own with
    {
        MaxNewTokens = given.GetValue(length) ?? own.MaxNewTokens,
        Temperature = given.GetValue(temperature) ?? own.Temperature,
        TopP = given.GetValue(topP) ?? own.TopP,
        TopK = given.GetValue(topK) ?? own.TopK,
        MinP = given.GetValue(minP) ?? own.MinP,
        RepetitionPenalty = given.GetValue(repetition) ?? own.RepetitionPenalty,
        StopStrings = given.GetValue(stops) is { Length: > 0 } texts ? texts : own.StopStrings,
        Seed = given.GetValue(seed) ?? own.Seed,
    };
}
