namespace Neoteny.Tests;

/// <summary>A test that runs CUDA kernels on the CPU; skipped with a reason where there is no g++ for x86-64.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EmulatedFactAttribute : FactAttribute
{
    public EmulatedFactAttribute() => Skip = EmulatorCompiler.Missing;
}
