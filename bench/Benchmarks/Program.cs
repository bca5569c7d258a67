using Neoteny;
using Neoteny.Benchmarks;
using Neoteny.Benchmarks.Harness;

try
{
    return args is [Child.Flag, ..] ? Children.Run(args[1..]) : CommandLine.Run(args);
}
catch (NeotenyException e)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return e.ExitCode;
}
