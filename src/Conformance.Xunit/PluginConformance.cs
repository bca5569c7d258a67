using System.Reflection;
using Xunit;

namespace Neoteny.Conformance.Xunit;

/// <summary>What a plugin must do as a whole, whatever it extends, as facts: inherit it once for each plugin.</summary>
/// <remarks>
/// To try that the plugin unloads, its assembly and that of the tests are loaded a second time into a load context of their own, and there every
/// conformance class of the tests that creates an extension of the plugin runs its suite. What keeps that context alive would keep the plugin in the host.
/// </remarks>
public abstract class PluginConformance : ConformanceFacts
{
    /// <summary>The plugin's assembly, for instance <c>typeof(MyAttention).Assembly</c>.</summary>
    protected abstract Assembly Plugin { get; }

    /// <inheritdoc/>
    protected override ConformanceSuite Suite => new PluginSuite(Plugin, unload: run =>
    {
        var used = 0;
        Unloading.Try(run, Plugin, GetType().Assembly, (plugin, tests) => used = PluginUse.Of(run, plugin, tests));
        if (used == 0)
        {
            run.Skip("its extensions were created and unloaded; none of their checks can run on this machine");
        }
    });

    internal Assembly Tried => Plugin;

    /// <summary>It is marked as a plugin and names its extensions.</summary>
    [SkippableFact]
    public void It_is_marked_as_a_plugin_and_names_its_extensions() => Check();

    /// <summary>The defaults of its options are in order.</summary>
    [SkippableFact]
    public void The_defaults_of_its_options_are_in_order() => Check();

    /// <summary>Its options are validated by key and never throw.</summary>
    [SkippableFact]
    public void Its_options_are_validated_by_key_and_never_throw() => Check();

    /// <summary>Its keys say which values they take.</summary>
    [SkippableFact]
    public void Its_keys_say_which_values_they_take() => Check();

    /// <summary>Its scripts compile.</summary>
    [SkippableFact]
    public void Its_scripts_compile() => Check();

    /// <summary>It unloads after use.</summary>
    [SkippableFact]
    public void It_unloads_after_use() => Check();
}
