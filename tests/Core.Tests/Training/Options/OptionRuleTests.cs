using Neoteny.Configuration;
using Neoteny.Training.Loop;
using Neoteny.Training.Options;
using TorchSharp;

namespace Neoteny.Core.Tests.Training.Options;

public sealed class OptionRuleTests
{
    private static readonly DataOptions OneDataset = new() { Datasets = [new DatasetOptions { Path = "a.jsonl", Type = new DatasetTypeOptions { Name = "alpaca" } }] };

    public static TheoryData<IValidated, string> Wrong() => new()
    {
        { new DataOptions(), "Datasets: names no dataset. List at least one, for instance '- path: data.jsonl' with 'type: alpaca'." },
        { OneDataset with { ValidationSize = 0.1, TestDatasets = OneDataset.Datasets }, "ValidationSize: cannot be set together with test_datasets. Keep one of the two." },
        { OneDataset with { ValidationSize = 1.5 }, "ValidationSize: is a fraction below 1 or a whole number of documents." },
        {
            OneDataset with { Datasets = [OneDataset.Datasets[0] with { Split = "test" }] },
            "Datasets: entry 1 asks for the split 'test', but local files have one split, 'train'. Put the wanted records in a file of their own."
        },
        {
            OneDataset with { Datasets = [new DatasetOptions { Path = "b.jsonl" }] },
            "Datasets: entry 1 (b.jsonl) has no type. Add one of alpaca, alpaca:chat, completion, chat_template, chat_template.default."
        },
        {
            OneDataset with { Datasets = [new DatasetOptions { Path = "b.jsonl", Type = new DatasetTypeOptions { Name = "sharegpt" } }] },
            "Datasets: entry 1 has the type 'sharegpt', which is not known. Known are alpaca, alpaca:chat, completion, chat_template, chat_template.default, "
            + "or a mapping with field_instruction, field_output and format."
        },
        { new StepOptions { BatchSize = 8, GradientAccumulation = 2 }, "BatchSize: cannot be set together with gradient_accumulation_steps. Keep one of the two." },
        { new StepOptions { BatchSize = 8, MicroBatchSize = 3 }, "BatchSize: is 8, which micro_batch_size (3) does not divide. Choose a multiple of it." },
        { new StepOptions { Epochs = 0 }, "Epochs: must be above 0 unless max_steps is set." },
        {
            new OptimizerOptions { Name = "adamw_bnb_8bit" },
            "Name: 'adamw_bnb_8bit' keeps its state in 8 bits or pages it, which is not supported yet. Use adamw_torch_fused."
        },
        { new OptimizerOptions { Name = "muon" }, "Name: 'muon' is not known. Use adamw_torch_fused or adamw_torch." },
        { new OptimizerOptions { Beta2 = 1 }, "Beta2: must be below 1." },
        { new OptimizerOptions { Arguments = new Dictionary<string, string> { ["foo"] = "1" } }, "Arguments: has no argument 'foo'; there are bf16_stochastic_round and bf16_moments." },
        { new ScheduleOptions { WarmupSteps = 3, WarmupRatio = 0.1 }, "WarmupRatio: cannot be set together with warmup_steps. Keep one of the two." },
        { new ScheduleOptions { Scheduler = SchedulerKind.Linear, MinimumRatio = 0.1 }, "MinimumRatio: needs 'lr_scheduler: cosine'." },
        {
            new ScheduleOptions { Scheduler = SchedulerKind.Constant, WarmupRatio = 0.1 },
            "WarmupRatio: has no effect with 'lr_scheduler: constant'. Use constant_with_warmup. (warning)"
        },
        { new SavingOptions { Steps = 5, PerEpoch = 1 }, "PerEpoch: cannot be set together with save_steps. Keep one of the two." },
        { new SavingOptions { Steps = 5, Strategy = CadenceKind.Epoch }, "Steps: needs 'save_strategy: steps', or none." },
        { new SavingOptions { Strategy = CadenceKind.Steps }, "Strategy: is steps, but neither save_steps nor saves_per_epoch is set." },
        { new EvaluationOptions { ValidationSize = 0.1, Steps = 5, PerEpoch = 1 }, "PerEpoch: cannot be set together with eval_steps. Keep one of the two." },
        { new EvaluationOptions { Steps = 5 }, "Steps: asks for evaluation, but there is no data for it. Set val_set_size or test_datasets." },
        { new EvaluationOptions { PerEpoch = 2 }, "PerEpoch: has no effect: there is no evaluation data. Set val_set_size or test_datasets. (warning)" },
        {
            new PrecisionOptions { Float16 = true },
            "Float16: is not supported: fp16 needs loss scaling, and no CPU computes it. Use 'bf16: true', or 'bf16: false' for fp32."
        },
        { new PrecisionOptions { Float32 = true, BFloat16 = "true" }, "Float32: cannot be set together with bf16. Keep one of the two." },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_rule_that_is_broken_is_reported_with_its_remedy(IValidated options, string expected)
    {
        var problems = new Problems();
        options.Validate(problems);
        Assert.Equal([expected], problems.Found);
    }

    [Fact]
    public void Options_that_keep_the_rules_have_no_problems()
    {
        var problems = new Problems();
        IValidated[] all = [OneDataset, new StepOptions { BatchSize = 8, MicroBatchSize = 4 }, new OptimizerOptions(), new ScheduleOptions(), new SavingOptions(), new EvaluationOptions(), new PrecisionOptions()];
        Array.ForEach(all, o => o.Validate(problems));
        Assert.Empty(problems.Found);
        Assert.Equal(2, ((StepOptions)all[1]).MicroBatchesPerStep);
    }

    [Theory]
    [InlineData("auto", false, "cpu", torch.ScalarType.Float32)]
    [InlineData("auto", false, "cuda", torch.ScalarType.BFloat16)]
    [InlineData("true", false, "cpu", torch.ScalarType.BFloat16)]
    [InlineData("false", false, "cuda", torch.ScalarType.Float32)]
    public void Precision_depends_on_the_device_only_where_it_says_auto(string bf16, bool float32, string device, torch.ScalarType expected)
    {
        Runtime.Native.LibTorch.Load();
        Assert.Equal(expected, new PrecisionOptions { BFloat16 = bf16, Float32 = float32 }.WeightType(new torch.Device(device)));
    }

    [Theory]
    [InlineData(null, null, null, CadenceKind.Epoch, 1)]
    [InlineData(CadenceKind.No, null, null, CadenceKind.No, 1)]
    [InlineData(null, 7.0, null, CadenceKind.Steps, 7)]
    [InlineData(null, 0.25, null, CadenceKind.Steps, 25)]
    [InlineData(null, null, 3, CadenceKind.Steps, 4)]
    [InlineData(null, null, 0, CadenceKind.No, 1)]
    public void A_cadence_follows_steps_fractions_or_epochs(CadenceKind? strategy, double? steps, int? perEpoch, CadenceKind kind, int every)
        => Assert.Equal(new Cadence(kind, every), Cadence.Of(strategy, steps, perEpoch, totalSteps: 100, stepsPerEpoch: 10));

    private sealed class Problems : IProblems
    {
        public List<string> Found { get; } = [];

        public void Add(string property, string message) => Found.Add($"{property}: {message}");

        public void Warn(string property, string message) => Found.Add($"{property}: {message} (warning)");
    }
}
