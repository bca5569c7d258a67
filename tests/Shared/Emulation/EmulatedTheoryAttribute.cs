namespace Neoteny.Tests;

/// <summary>The same as <see cref="EmulatedFactAttribute"/> for a test with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EmulatedTheoryAttribute : TheoryAttribute
{
    public EmulatedTheoryAttribute() => Skip = EmulatorCompiler.Missing;
}
