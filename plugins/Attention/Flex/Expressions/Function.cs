namespace Neoteny.Plugins.Flex.Expressions;

/// <summary>A function that programs may call.</summary>
/// <param name="Name">Its name in <see cref="MathF"/>; in texts in small letters too.</param>
/// <param name="Cuda">Its name in CUDA for fp32.</param>
/// <param name="Arity">Arguments.</param>
/// <param name="CudaWhole">Its name in CUDA for whole numbers; null when it is computed in fp32 only.</param>
internal sealed record Function(string Name, string Cuda, int Arity = 1, string? CudaWhole = null)
{
    /// <summary>All there are.</summary>
    public static IReadOnlyList<Function> All { get; } =
    [
        new("Abs", "fabsf", 1, "abs"), new("Min", "fminf", 2, "min"), new("Max", "fmaxf", 2, "max"), new("Pow", "powf", 2), new("Exp", "expf"), new("Log", "logf"),
        new("Sqrt", "sqrtf"), new("Tanh", "flex_tanh"), new("Sin", "sinf"), new("Cos", "cosf"), new("Floor", "floorf"), new("Ceiling", "ceilf"),
    ];

    /// <summary>Names in words, for messages.</summary>
    public static string Names => string.Join(", ", All.Select(f => f.Name));

    /// <summary>The function called so in C# or in a text; null where there is none.</summary>
    public static Function? Find(string name) => All.FirstOrDefault(f => string.Equals(f.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The function called so.</summary>
    public static Function Of(string name) => Find(name) ?? throw new ArgumentException($"There is no function {name}.", nameof(name));
}
