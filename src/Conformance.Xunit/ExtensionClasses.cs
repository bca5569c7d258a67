using System.Reflection;

namespace Neoteny.Conformance.Xunit;

/// <summary>The conformance classes of an assembly.</summary>
internal static class ExtensionClasses
{
    /// <summary>An instance of each.</summary>
    public static IEnumerable<IExtensionConformance> In(Assembly tests) => Instances<IExtensionConformance>(tests);

    /// <summary>An instance of each class of a kind that can be created without arguments.</summary>
    public static IEnumerable<T> Instances<T>(Assembly tests) => tests.GetTypes()
        .Where(t => !t.IsAbstract && typeof(T).IsAssignableFrom(t) && t.GetConstructor([]) is not null)
        .Select(t => (T)Activator.CreateInstance(t)!);
}
