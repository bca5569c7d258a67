using Xunit.Abstractions;

namespace Neoteny.TestRunner;

/// <summary>Options of discovery and execution: one test at a time, everything else as xunit has it.</summary>
internal sealed class RunOptions : ITestFrameworkDiscoveryOptions, ITestFrameworkExecutionOptions
{
    private readonly Dictionary<string, object?> values = new() { ["xunit.execution.DisableParallelization"] = true };

    public TValue GetValue<TValue>(string name) => values.TryGetValue(name, out var value) && value is not null ? (TValue)value : default!;

    public void SetValue<TValue>(string name, TValue value) => values[name] = value;
}
