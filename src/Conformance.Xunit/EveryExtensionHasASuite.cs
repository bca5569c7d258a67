using System.Reflection;
using Neoteny.Plugins;
using Xunit;

namespace Neoteny.Conformance.Xunit;

/// <summary>Fails when no conformance class of the test assembly tries a plugin, or an extension of it. Inherit it once.</summary>
public abstract class EveryExtensionHasASuite
{
    /// <summary>The plugins' assemblies, for instance <c>[typeof(MyAttention).Assembly]</c>.</summary>
    protected abstract IEnumerable<Assembly> Plugins { get; }

    /// <summary>The assembly that holds the conformance classes: that of this test.</summary>
    protected virtual Assembly Tests => GetType().Assembly;

    /// <summary>Leak checks count all tensors of the process, so no other test may run beside them.</summary>
    [Fact]
    public void Tests_run_one_at_a_time()
    {
        var behavior = Tests.GetCustomAttributesData().FirstOrDefault(a => a.AttributeType == typeof(CollectionBehaviorAttribute));
        var isSerial = behavior is not null
            && (behavior.NamedArguments.Any(a => a is { MemberName: nameof(CollectionBehaviorAttribute.DisableTestParallelization), TypedValue.Value: true })
                || behavior.ConstructorArguments.Any(a => a.Value is (int)CollectionBehavior.CollectionPerAssembly));
        Assert.True(isSerial, $"Write [assembly: CollectionBehavior(DisableTestParallelization = true)] in {Tests.GetName().Name}.");
    }

    /// <summary>Every class marked with <see cref="ProvidesAttribute"/> is tried at each extension point that it implements.</summary>
    [Fact]
    public void No_extension_is_without_its_suite()
    {
        var tried = ExtensionClasses.In(Tests).Select(c => (c.ExtensionType, c.Suite.Point)).ToHashSet();
        var extensions = Plugins.SelectMany(a => a.GetTypes()).Where(t => t.GetCustomAttributes<ProvidesAttribute>().Any()).ToList();
        Assert.True(extensions.Count > 0, $"{string.Join(", ", Plugins.Select(p => p.GetName().Name))} provide no extension: name the plugins' own assemblies.");
        var missing = (
            from extension in extensions
            from point in ExtensionPoint.Of(extension)
            where !tried.Contains((extension, point.Name))
            select $"{extension.FullName} has no class that inherits {point.ConformanceClass} and creates it.").ToList();
        Assert.True(missing.Count == 0, string.Join(Environment.NewLine, missing));
    }

    /// <summary>Every plugin is tried as a whole: marks, options, scripts, unloading.</summary>
    [Fact]
    public void No_plugin_is_without_its_suite()
    {
        var tried = ExtensionClasses.Instances<PluginConformance>(Tests).Select(c => c.Tried).ToHashSet();
        var missing = Plugins.Where(p => !tried.Contains(p)).Select(p => $"{p.GetName().Name} has no class that inherits {nameof(PluginConformance)} and names its assembly.").ToList();
        Assert.True(missing.Count == 0, string.Join(Environment.NewLine, missing));
    }
}
