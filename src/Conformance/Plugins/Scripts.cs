using System.Reflection;
using System.Runtime.Loader;
using Neoteny.Runtime.Native;

namespace Neoteny.Conformance;

/// <summary>Finds the scripts of an assembly: static fields and properties of the type <see cref="AtenScript"/>.</summary>
public static class Scripts
{
    /// <summary>The names of all scripts, as <c>Type.Field</c>.</summary>
    public static IReadOnlyList<string> Names(Assembly assembly) => [.. Fields(assembly).Select(Name)];

    /// <summary>Compiles all scripts in this process, writing each name to <paramref name="output"/> before. A script that does not compile ends the process.</summary>
    /// <param name="assembly">A plugin's assembly.</param>
    /// <param name="output">Receives one line a script; flushed before the compiler runs.</param>
    public static void Compile(Assembly assembly, TextWriter output)
    {
        foreach (var field in Fields(assembly))
        {
            output.WriteLine(Name(field));
            output.Flush();
            ((AtenScript?)field.GetValue(null))?.Compile();
        }
    }

    /// <inheritdoc cref="Compile(Assembly, TextWriter)"/>
    /// <param name="path">The file of a plugin's assembly; its private dependencies are looked for beside it.</param>
    /// <param name="output">Receives one line a script; flushed before the compiler runs.</param>
    public static void Compile(string path, TextWriter output)
    {
        var resolver = new AssemblyDependencyResolver(Path.GetFullPath(path));
        AssemblyLoadContext.Default.Resolving += (context, name) => resolver.ResolveAssemblyToPath(name) is { } found ? context.LoadFromAssemblyPath(found) : null;
        Compile(Assembly.LoadFrom(Path.GetFullPath(path)), output);
    }

    private static IEnumerable<FieldInfo> Fields(Assembly assembly) => assembly.GetTypes().Where(t => !t.ContainsGenericParameters)
        .SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
        .Where(f => f.FieldType == typeof(AtenScript));

    private static string Name(FieldInfo field) => $"{field.DeclaringType!.Name}.{field.Name}";
}
