using System.Reflection;
using System.Runtime.Loader;

namespace Neoteny.Conformance;

/// <summary>The child process of <see cref="ScriptProcess"/>.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        if (args.Length != 1)
        {
            Console.Error.WriteLine("Name the assembly of a plugin: its scripts are compiled.");
            return 2;
        }

        var path = Path.GetFullPath(args[0]);
        var resolver = new AssemblyDependencyResolver(path);
        AssemblyLoadContext.Default.Resolving += (context, name) => resolver.ResolveAssemblyToPath(name) is { } found ? context.LoadFromAssemblyPath(found) : null;
        Scripts.Compile(Assembly.LoadFrom(path), Console.Out);
        return 0;
    }
}
