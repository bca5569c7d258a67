using Neoteny.Host.Configuration;

namespace Neoteny.Host.Tests.Configuration;

public sealed class EffectiveValuesTests
{
    private const string Yaml =
        "sequence_len: 1_024\nbf16: very_low\nlora_target_modules: [q_proj, 'true']\nlora_rank_pattern: {q: 8}\ndatasets: [{path: a b}]\ngreeter_name: moon\n"
        + "model_overrides: {rope: {factor: 4, kinds: [a, '8', true]}}";

    [Fact]
    public void Values_are_shown_with_their_origin()
    {
        using var host = new TestHost("Greeter/1.0.0", "Parting/1.0.0");

        Assert.Equal(
            [
                "# Neoteny",
                "plugins: []  # default",
                "base_model: model  # run.yml:8:1",
                "sequence_len: 1024  # run.yml:1:1",
                "max_steps:  # default",
                "seed: 42  # default",
                "learning_rate: 0.0002  # default",
                "train_on_inputs: false  # default",
                "sample_packing:  # default",
                "bf16: very_low  # run.yml:2:1",
                "optimizer: adamw_torch  # default",
                "attn_implementation:  # default",
                "lora_target_modules: [q_proj, 'true']  # run.yml:3:1",
                "lora_rank_pattern: {q: 8}  # run.yml:4:1",
                "model_overrides: {rope: {factor: 4, kinds: [a, '8', true]}}  # run.yml:7:1",
                "datasets: [{path: 'a b', type: alpaca, weight: 1}]  # run.yml:5:1",
                "special_tokens:  # default",
                "# Greeter 1.0.0",
                "greeter_name: moon  # run.yml:6:1",
                "greeter_times: 1  # default",
                "greeter_mood: calm  # default",
                "greeter_languages: []  # default",
            ],
            Show(host, Yaml).Select(l => System.Text.RegularExpressions.Regex.Replace(l, " {2,}#", "  #")));
    }

    [Fact]
    public void What_is_shown_can_be_run_again_and_shows_the_same_values()
    {
        using var host = new TestHost("Greeter/1.0.0");
        var shown = Show(host, Yaml);

        using var again = RunContext.Open(RunFile.Parse(string.Join('\n', shown)), host.Setup, host.Log);

        var writer = new StringWriter();
        EffectiveValues.Write(again, writer);
        Assert.Equal(shown.Select(Value), writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Value));
    }

    private static string Value(string line) => line.Split("  #")[0].TrimEnd();

    private static string[] Show(TestHost host, string yaml)
    {
        using var run = host.Open(yaml);
        var writer = new StringWriter();
        EffectiveValues.Write(run, writer);
        return writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
