using System.CommandLine;

namespace Neoteny.Host.Commands;

/// <summary>The argument that names a configuration file.</summary>
internal static class ConfigArgument
{
    public static Argument<string> Create() => new("config") { Description = "The YAML file of the run." };
}
