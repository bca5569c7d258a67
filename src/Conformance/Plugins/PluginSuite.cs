using System.Diagnostics;
using System.Reflection;
using Neoteny.Configuration;
using Neoteny.Plugins;

namespace Neoteny.Conformance;

/// <summary>What holds for a plugin as a whole, whatever it extends.</summary>
public sealed class PluginSuite : ConformanceSuite
{
    private readonly Assembly assembly;
    private readonly Func<string, ProcessStartInfo> compile;

    /// <summary>Creates the suite.</summary>
    /// <param name="assembly">The plugin's assembly.</param>
    /// <param name="compile">How to start a process that calls <see cref="Scripts.Compile(string, TextWriter)"/> with a path; null for this library's own.</param>
    /// <param name="unload">Uses the plugin and tries that it unloads (<see cref="Unloading.Try"/>); null leaves that to the caller.</param>
    public PluginSuite(Assembly assembly, Func<string, ProcessStartInfo>? compile = null, Action<CheckRun>? unload = null)
        : base("plugin", null)
    {
        (this.assembly, this.compile) = (assembly, compile ?? ScriptProcess.OfThisAssembly);
        Add("It is marked as a plugin and names its extensions", Named);
        Add("The defaults of its options are in order", run => EachRecord(run, OptionsChecks.Defaults));
        Add("Its options are validated by key and never throw", run => EachRecord(run, OptionsChecks.Validation));
        Add("Its keys say which values they take", run => EachRecord(run, OptionsChecks.Bounds));
        Add("Its scripts compile", Compiled);
        if (unload is not null)
        {
            Add("It unloads after use", unload);
        }
    }

    private void Named(CheckRun run)
    {
        run.That(assembly.IsDefined(typeof(PluginAttribute)), $"{assembly.GetName().Name} has no [assembly: Plugin]");
        var provided = assembly.GetTypes().Where(t => t.IsDefined(typeof(ProvidesAttribute))).ToList();
        run.That(provided.Count > 0, "no class is marked with [Provides]");
        foreach (var type in provided)
        {
            run.That(Suites.PointsOf(type).Any(), $"{type.Name} implements no extension point");
            foreach (var name in type.GetCustomAttributes<ProvidesAttribute>().Select(a => a.Name))
            {
                run.That(name.Length > 0 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_'), $"'{name}' is to be in lower case, words joined by underscores");
            }
        }
    }

    private void EachRecord(CheckRun run, Action<CheckRun, Type> check)
    {
        var records = assembly.GetTypes().Where(t => t.IsDefined(typeof(OptionsAttribute))).ToList();
        if (records.Count == 0)
        {
            run.Skip("it has no options");
        }

        foreach (var record in records)
        {
            check(run, record);
        }

        run.That(true, "");
    }

    private void Compiled(CheckRun run)
    {
        var names = Scripts.Names(assembly);
        if (names.Count == 0)
        {
            run.Skip("it has none");
        }

        ScriptProcess.Check(run, names, compile(assembly.Location));
    }
}
