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

        Scripts.Compile(args[0], Console.Out);
        return 0;
    }
}
