namespace Neoteny.Host.Tests.Configuration;

public sealed class ProblemTests
{
    [Theory]
    [InlineData("sequence_length: 4", "run.yml:1:1: unknown key 'sequence_length'; did you mean 'sequence_len'?")]
    [InlineData("banana: 4", "run.yml:1:1: unknown key 'banana'; 'neoteny config schema' lists the known ones")]
    [InlineData("relora: true", "run.yml:1:1: 'relora' is an Axolotl key that Neoteny does not support yet; remove it")]
    [InlineData("deepspeed: ds.json", "run.yml:1:1: 'deepspeed' is an Axolotl key that Neoteny does not support yet; remove it")]
    [InlineData("rope_scaling: {factor: 2}", "run.yml:1:1: 'rope_scaling' was removed; put it under 'overrides_of_model_config'")]
    [InlineData("sequence_len: 4\nsequence_len: 8", "run.yml:2:1: 'sequence_len' is given twice, first in line 1; keep one")]
    [InlineData("sequence_len: long", "run.yml:1:15: sequence_len: expected a whole number, found 'long'")]
    [InlineData("sequence_len: 1.5", "run.yml:1:15: sequence_len: expected a whole number, found '1.5'")]
    [InlineData("sequence_len: 99999999999", "run.yml:1:15: sequence_len: 99999999999 is too large")]
    [InlineData("sequence_len: 0", "run.yml:1:15: sequence_len: must be at least 1, not 0")]
    [InlineData("sequence_len: [1, 2]", "run.yml:1:15: sequence_len: expected a whole number, found a list")]
    [InlineData("learning_rate: fast", "run.yml:1:16: learning_rate: expected a number, found 'fast'")]
    [InlineData("learning_rate: 2", "run.yml:1:16: learning_rate: must be from 0 to 1, not 2")]
    [InlineData("learning_rate: .nan", "run.yml:1:16: learning_rate: expected a number, found '.nan'")]
    [InlineData("train_on_inputs: maybe", "run.yml:1:18: train_on_inputs: expected true or false, found 'maybe'")]
    [InlineData("bf16: low", "run.yml:1:7: bf16: 'low' is not one of auto, true, false, very_low")]
    [InlineData("optimizer: adamw_torch_fuse", "run.yml:1:12: optimizer: 'adamw_torch_fuse' is not one of adamw_torch, adamw_torch_fused, sgd; did you mean 'adamw_torch_fused'?")]
    [InlineData("lora_target_modules: {a: b}", "run.yml:1:22: lora_target_modules: expected a text, found a mapping")]
    [InlineData("lora_rank_pattern: {q: 8, k: x}", "run.yml:1:30: lora_rank_pattern.k: expected a whole number, found 'x'")]
    [InlineData("lora_rank_pattern: 8", "run.yml:1:20: lora_rank_pattern: expected keys and values, found '8'")]
    [InlineData("datasets:\n  - path: a\n    tpe: alpaca", "run.yml:3:5: datasets[0]: unknown key 'tpe'; did you mean 'type'?")]
    [InlineData("datasets:\n  - path: a\n  - type: alpaca", "run.yml:3:5: datasets[1]: missing key 'path'")]
    [InlineData("datasets:\n  - path: a\n    weight: -1", "run.yml:3:13: datasets[0].weight: must be at least 0, not -1")]
    [InlineData("datasets:\n  - path: a\n    type: completion\n    weight: 0", "run.yml:4:13: weight: a dataset of weight 0 is never drawn from")]
    [InlineData("datasets: [a]", "run.yml:1:12: datasets[0]: expected a mapping with the keys path, type, weight, found 'a'")]
    [InlineData("special_tokens: {pad: x}", "run.yml:1:18: special_tokens: unknown key 'pad'; known here: name, pad_token")]
    [InlineData("train_on_inputs: yes\nsample_packing: yes", "run.yml:2:17: sample_packing: not together with train_on_inputs")]
    [InlineData("attention_backend: auto\nattn_implementation: auto", "run.yml:2:1: 'attn_implementation' and 'attention_backend' are the same key; keep 'attn_implementation'")]
    public void A_problem_is_reported_with_its_place_and_the_remedy(string yaml, string message)
    {
        using var host = new TestHost();

        Assert.Equal(message, host.Refuse(yaml));
    }

    [Fact]
    public void All_problems_are_reported_at_once_in_the_order_of_the_file()
    {
        using var host = new TestHost();

        var message = host.Refuse("learning_rate: fast\nbanana: 1\nplugins: [Nowhere]\ndatasets:\n  - weight: -1\nsequence_len: 0");

        Assert.Equal(
            [
                "run.yml:1:16: learning_rate: expected a number, found 'fast'",
                "run.yml:2:1: unknown key 'banana'; 'neoteny config schema' lists the known ones",
                $"run.yml:3:11: plugins: the plugin 'Nowhere' is not installed; installed: none; another one is installed with: neoteny plugins install Nowhere (searched {host.PluginFolder})",
                "run.yml:5:5: datasets[0]: missing key 'path'",
                "run.yml:5:13: datasets[0].weight: must be at least 0, not -1",
                "run.yml:6:15: sequence_len: must be at least 1, not 0",
            ],
            message.Split(Environment.NewLine));
    }

    [Fact]
    public void A_missing_required_key_is_named_with_its_meaning()
    {
        using var host = new TestHost();
        var file = Neoteny.Host.Configuration.RunFile.Parse("sequence_len: 4", "some/run.yml");

        var error = Assert.Throws<InputException>(() => Neoteny.Host.Configuration.RunContext.Open(file, host.Setup, host.Log));

        Assert.Equal("some/run.yml: missing key 'base_model' (Folder of the model)", error.Message);
        Assert.Equal(2, error.ExitCode);
    }

    [Theory]
    [InlineData("wandb_entity:")]
    [InlineData("relora: ~")]
    [InlineData("load_in_8bit: false")]
    [InlineData("strict: no")]
    public void An_unsupported_Axolotl_key_that_asks_for_nothing_is_accepted(string yaml)
    {
        using var host = new TestHost();

        using var run = host.Open(yaml);

        Assert.Empty(run.File.Problems.Warnings);
    }

    [Fact]
    public void An_older_spelling_is_accepted_with_a_warning()
    {
        using var host = new TestHost();

        using var run = host.Open("attention_backend: auto");

        Assert.Equal("auto", run.Options<ModelOptions>().AttentionImplementation);
        Assert.Equal(["Warning: run.yml:1:1: 'attention_backend' is an older spelling of 'attn_implementation'"], host.Log.Lines);
    }

    [Fact]
    public void A_warning_of_an_options_record_lets_the_run_go_on()
    {
        using var host = new TestHost();

        using var run = host.Open("max_steps: 2000");

        Assert.Equal(["Warning: run.yml:1:12: max_steps: more than 1000 steps take long"], host.Log.Lines);
    }
}
