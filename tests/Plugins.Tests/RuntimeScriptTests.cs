using Neoteny.Conformance;
using Neoteny.Runtime.Operators;

namespace Neoteny.Plugins.Tests;

public sealed class RuntimeScriptTests
{
    [Fact]
    public void The_scripts_of_the_runtime_compile()
    {
        var assembly = typeof(WideProducts).Assembly;
        var (run, names) = (new CheckRun(), Scripts.Names(assembly));
        Assert.Contains("WideProducts.Wide", names);
        ScriptProcess.Check(run, names, ScriptProcess.OfThisAssembly(assembly.Location));
        Assert.Equal([], run.Result("scripts", TimeSpan.Zero).Failures);
    }
}
