using Neoteny.Host.Swap;
using Neoteny.Host.Tests.EndToEnd;

namespace Neoteny.Host.Tests.Swap;

/// <summary>Versions that are installed or built while a run watches.</summary>
public sealed class WatchTests(Workspace workspace) : IClassFixture<Workspace>
{
    private static readonly WatchTimes Quick = new(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(60), TimeSpan.FromMilliseconds(400));

    [Fact]
    public void An_installed_version_and_one_that_is_built_file_by_file_are_swapped_in_and_a_lower_one_is_not()
    {
        using var test = new LiveTest(workspace, "Steady/1.0.0") { Watch = Quick };
        var whole = test.Train("watched-whole", LiveTest.Steady, _ => { });
        var versions = new List<string>();

        var watched = test.Train("watched", LiveTest.Steady, s =>
        {
            if (s.Step == 4)
            {
                test.Install("Mold/1.0.0");
                test.Install("Steady/1.1.0");
                LiveStep.WaitFor(() => s.Swap.IsReady);
            }

            versions.Add(s.Swap.Status.Plugins.Single(p => p.Id == "Steady").Version);
        });

        Assert.Equal([.. Enumerable.Repeat("1.0.0", 4), .. Enumerable.Repeat("1.1.0", 20)], versions);
        Assert.Single(test.Log.Lines, l => l.StartsWith("Information: swapped attention steady, loss steady_loss: Steady 1.0.0 -> 1.1.0 at step 4, pause "));
        LiveTest.AssertSame(whole, watched);
    }

    [Fact]
    public void A_build_is_tried_when_it_has_come_to_rest_and_again_when_it_changes()
    {
        using var test = new LiveTest(workspace, "Steady/1.0.0") { Watch = Quick };
        var source = TestHost.FixturePath("Steady/1.1.0");
        var target = Path.Combine(test.PluginFolder, "Steady", "1.1.0");

        test.Train("built", LiveTest.Steady, s =>
        {
            if (s.Step == 2)
            {
                // A build that stops half-way: dependencies are there, the assembly is cut.
                Directory.CreateDirectory(target);
                File.Copy(Path.Combine(source, "Neoteny.Steady.deps.json"), Path.Combine(target, "Neoteny.Steady.deps.json"));
                File.WriteAllBytes(Path.Combine(target, "Neoteny.Steady.dll"), File.ReadAllBytes(Path.Combine(source, "Neoteny.Steady.dll"))[..900]);
                LiveStep.WaitFor(() => test.Log.Lines.Exists(l => l.StartsWith("Warning: kept what runs")));
            }
            else if (s.Step == 4)
            {
                File.Copy(Path.Combine(source, "Neoteny.Steady.dll"), Path.Combine(target, "Neoteny.Steady.dll"), overwrite: true);
                LiveStep.WaitFor(() => s.Swap.IsReady);
            }
        });

        Assert.Equal(
            ["Warning: kept what runs: Steady 1.1.0 cannot be used: Neoteny.Steady.dll: the file is not a .NET assembly"],
            test.Log.Lines.Where(l => l.StartsWith("Warning")));
        Assert.Single(test.Log.Lines, l => l.StartsWith("Information: swapped attention steady, loss steady_loss: Steady 1.0.0 -> 1.1.0 at step 4, pause "));
    }

    [Fact]
    public void A_version_that_the_configuration_forbids_under_the_packages_name_is_not_swapped_in()
    {
        using var test = new LiveTest(workspace, "Steady/1.0.0") { Watch = Quick };
        var versions = new HashSet<string>();

        test.Train("forbidden", [.. LiveTest.Steady, ("plugins", "['Neoteny.Steady@[1.0,1.1)']")], s =>
        {
            if (s.Step == 4)
            {
                test.Install("Steady/1.1.0");
                LiveStep.WaitFor(() => test.Log.Lines.Exists(l => l.StartsWith("Warning")));
            }

            versions.Add(s.Swap.Status.Plugins.Single(p => p.Id == "Steady").Version);
        });

        Assert.Equal(["1.0.0"], versions);
        Assert.Equal(
            [$"Warning: kept what runs: Steady 1.1.0 cannot replace 1.0.0: the configuration accepts only 'Neoteny.Steady@[1.0,1.1)' ({test.OutputFolder("forbidden.yml")}:12:11)"],
            test.Log.Lines.Where(l => l.StartsWith("Warning")));
    }

    [Fact]
    public void A_newer_version_that_fails_its_check_is_said_once_and_the_next_one_down_is_tried()
    {
        using var test = new LiveTest(workspace, "Steady/1.0.0") { Watch = Quick };

        test.Train("bad", LiveTest.Steady, s =>
        {
            if (s.Step == 4)
            {
                test.Install("Steady/1.2.0");
                test.Install("Steady/1.1.0");
                LiveStep.WaitFor(() => s.Swap.IsReady);
            }
        });

        var told = Assert.Single(test.Log.Lines, l => l.StartsWith("Warning"));
        Assert.StartsWith("Warning: kept what runs: attention 'steady' failed the check against the reference: ", told);
        Assert.Single(test.Log.Lines, l => l.StartsWith("Information: swapped attention steady, loss steady_loss: Steady 1.0.0 -> 1.1.0 at step 4, pause "));
    }
}
