using System.Reflection;
using Neoteny.TestRunner;

// neoteny-tests [--verbose] [--filter text]... assembly.dll ...: runs the tests whose names contain one of the texts; exit code 1 if one fails or none ran.
var verbose = false;
List<string> filters = [], assemblies = [];
for (var i = 0; i < args.Length; i++)
{
    if (args[i] == "--filter" && i + 1 < args.Length)
        filters.Add(args[++i]);
    else if (args[i] == "--verbose")
        verbose = true;
    else
        assemblies.Add(args[i]);
}

if (assemblies.Count == 0)
{
    Console.Error.WriteLine("Name at least one test assembly: neoteny-tests [--verbose] [--filter text]... assembly.dll ...");
    return 2;
}

var total = new Tally();
foreach (var path in assemblies)
{
    var tally = AssemblyRun.Execute(Assembly.LoadFrom(Path.GetFullPath(path)), filters, verbose);
    Console.WriteLine($"{Path.GetFileNameWithoutExtension(path)}: {tally}");
    total.Add(tally);
}

Console.WriteLine(total);
return total.Failed > 0 || total.Passed == 0 ? 1 : 0;
