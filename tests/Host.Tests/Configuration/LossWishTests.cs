using Neoteny.Host.Configuration;

namespace Neoteny.Host.Tests.Configuration;

/// <summary>Which loss a file asks for. Keyed switches keyed_loss on by default, and keyed_second_loss by a key; KeyedToo has a default too.</summary>
public sealed class LossWishTests : IDisposable
{
    private readonly TestHost host = new("Keyed/1.0.0", "KeyedToo/1.0.0");

    [Theory]
    [InlineData("", "cross_entropy", "default", null)]
    [InlineData("loss: keyed_second_loss", "keyed_second_loss", "run.yml:1:7", null)]
    [InlineData("plugins: [Keyed]", "keyed_loss", "keyed of Keyed 1.0.0 is on by default", "keyed is on by default")]
    [InlineData("keyed: true", "keyed_loss", "keyed, run.yml:1:8", "keyed is on")]
    [InlineData("keyed: false", "cross_entropy", "default", null)]
    [InlineData("keyed:\nplugins: [Keyed]", "keyed_loss", "keyed of Keyed 1.0.0 is on by default", "keyed is on by default")]
    [InlineData("keyed_2: true", "keyed_second_loss", "keyed_second, run.yml:1:10", "keyed_second is on")]
    [InlineData("keyed_second: true\nplugins: [Keyed, KeyedToo]", "keyed_second_loss", "keyed_second, run.yml:1:15", "keyed_second is on")]
    [InlineData("keyed_norms: true\nloss: keyed_second_loss", "keyed_second_loss", "run.yml:2:7", null)]
    [InlineData("keyed: true\nloss: keyed_loss", "keyed_loss", "keyed, run.yml:1:8", "keyed is on")]
    [InlineData("keyed: false\nloss: keyed_loss", "keyed_loss", "run.yml:2:7", null)]
    [InlineData("keyed_too: true\nplugins: [Keyed]", "keyed_too_loss", "keyed_too, run.yml:1:12", "keyed_too is on")]
    [InlineData("plugins: [Keyed, KeyedToo]\nkeyed: false", "keyed_too_loss", "keyed_too of KeyedToo 1.0.0 is on by default", "keyed_too is on by default")]
    public void What_the_file_writes_counts_before_what_plugins_activate_by_default(string yaml, string loss, string origin, string? why)
    {
        using var run = Open(yaml);

        Assert.Equal((loss, origin, why), (run.Loss.Name, run.Loss.Origin, run.Loss.Why));
    }

    [Theory]
    [InlineData("keyed: true\nkeyed_second: true", "run.yml:2:15: keyed_second cannot be combined with keyed (run.yml:1:8): a run has one loss. Keep one of the two.")]
    [InlineData("loss: keyed_second_loss\nkeyed: true", "run.yml:2:8: keyed cannot be combined with loss (run.yml:1:7): a run has one loss. Keep one of the two.")]
    [InlineData("keyed_too: true\nkeyed: true\nloss: keyed_loss", "run.yml:2:8: keyed cannot be combined with keyed_too (run.yml:1:12): a run has one loss. Keep one of the two.\n"
        + "run.yml:3:7: loss cannot be combined with keyed_too (run.yml:1:12): a run has one loss. Keep one of the two.")]
    [InlineData("plugins: [Keyed, KeyedToo]", "run.yml: keyed of Keyed 1.0.0 is on by default, and keyed_too of KeyedToo 1.0.0 is on by default, and a run has one loss. Write loss: keyed_loss or loss: keyed_too_loss.")]
    [InlineData("loss: keyed_los", "run.yml:1:7: loss: no installed plugin provides loss 'keyed_los'; installed: keyed_loss, keyed_second_loss, keyed_too_loss")]
    [InlineData("loss: steady_loss\nplugins: ['Steady@1.5.0']", "run.yml:1:7: loss: Steady 1.5.0 does not provide loss 'steady_loss', and Steady 1.7.0 does; name that version under 'plugins'", "Steady/1.5.0", "Steady/1.7.0")]
    [InlineData("loss: auto", "run.yml:1:7: loss: no installed plugin provides loss 'auto'; installed: keyed_loss, keyed_second_loss, keyed_too_loss")]
    [InlineData("adapter: auto", "run.yml:1:10: adapter: no installed plugin provides adapter 'auto'; installed: none")]
    public void Wishes_that_contradict_each_other_or_lead_nowhere_are_refused(string yaml, string message, params string[] more)
    {
        foreach (var plugin in more)
            host.Install(plugin);
        Assert.Equal(message, Assert.Throws<InputException>(() => Open(yaml)).Message);
    }

    [Theory]
    [InlineData("plugins: [Keyed]", "loss: keyed_loss", "keyed: true")]
    [InlineData("loss: keyed_second_loss", "loss: keyed_second_loss", "# keyed: true")]
    [InlineData("keyed: false", "loss: cross_entropy", "keyed: false")]
    public void The_values_shown_name_the_loss_and_give_the_same_one_when_they_are_run_again(string yaml, string loss, string key)
    {
        using var run = Open(yaml);
        var shown = Shown(run);

        Assert.Contains(loss, shown.Select(Value));
        Assert.Contains(key, shown.Select(Value));
        if (run.Loss.Name != "cross_entropy")
        {
            using var again = RunContext.Open(RunFile.Parse(string.Join('\n', shown)), Setup, host.Log);
            Assert.Equal(run.Loss.Name, again.Loss.Name);
        }
    }

    public void Dispose() => host.Dispose();

    private HostSetup Setup => host.Setup with { Keys = HostKeys.Read() };

    private RunContext Open(string yaml) =>
        RunContext.Open(RunFile.Parse($"{yaml}\nbase_model: model\nlearning_rate: 1e-3\ndatasets: [{{path: data.jsonl, type: alpaca}}]\nmax_steps: 1\noutput_dir: out"), Setup, host.Log);

    private static string[] Shown(RunContext run)
    {
        var writer = new StringWriter();
        EffectiveValues.Write(run, writer);
        return writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Value(string line) => line.Split("  #")[0].TrimEnd();
}
