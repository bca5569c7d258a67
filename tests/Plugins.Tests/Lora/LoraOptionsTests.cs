using Neoteny.Configuration;
using Neoteny.Plugins.Lora;

namespace Neoteny.Plugins.Tests.Lora;

public sealed class LoraOptionsTests
{
    [Fact]
    public void Everything_that_a_fresh_adapter_lacks_is_named_at_once() => Assert.Equal(
        [
            "Rank is missing: adapter lora needs a rank, for instance lora_r: 16.",
            "Alpha is missing: adapter lora needs it, for instance lora_alpha: 32.",
            "TargetModules is missing: say lora_target_linear: true, or name modules, for instance lora_target_modules: [q_proj, v_proj].",
        ],
        Problems(new LoraOptions { Adapter = "lora" }));

    [Fact]
    public void Names_and_all_linear_exclude_each_other() => Assert.Equal(
        ["TargetLinear cannot be combined with lora_target_modules; keep one of them."],
        Problems(new LoraOptions { Adapter = "lora", Rank = 8, Alpha = 16, TargetLinear = true, TargetModules = ["q_proj"] }));

    [Fact]
    public void Bare_parameters_take_neither_dropout_nor_magnitudes() => Assert.Equal(
        [
            "Dropout cannot be combined with lora_target_parameters: adapters on bare parameters have no input to drop. Set it to 0, or remove those.",
            "UseDora cannot be combined with lora_target_parameters. Keep one of them.",
        ],
        Problems(new LoraOptions { Adapter = "lora", Rank = 8, Alpha = 16, Dropout = 0.1, UseDora = true, TargetParameters = ["experts.down_proj"] }));

    [Fact]
    public void Another_adapter_and_a_saved_one_need_nothing()
    {
        Assert.Empty(Problems(new LoraOptions()));
        Assert.Empty(Problems(new LoraOptions { Adapter = "other" }));
        Assert.Empty(Problems(new LoraOptions { Adapter = "lora", SavedAdapter = "./adapter" }));
        Assert.Empty(Problems(new LoraOptions { Adapter = "lora", Rank = 8, Alpha = 16, TargetModules = ["q_proj"] }));
    }

    private static List<string> Problems(LoraOptions options)
    {
        var problems = new Collected();
        options.Validate(problems);
        return problems.Texts;
    }

    private sealed class Collected : IProblems
    {
        public List<string> Texts { get; } = [];

        public void Add(string property, string message) => Texts.Add($"{property} {message}");
    }
}
