using System.Reflection.Metadata;

namespace Neoteny.Host.Plugins;

/// <summary>Finds calls in a plugin's metadata that can crash the process: the members that <c>BannedSymbols.txt</c> bans where a plugin is compiled.</summary>
/// <remarks>A plugin may have been compiled without that list, or in spite of it.</remarks>
internal static class HazardCheck
{
    private const string Library = "TorchSharp";
    private static readonly Lazy<Dictionary<string, string>> Remedies = new(Read);

    /// <summary>The members used, each with its remedy: "TorchSharp.torch.Tensor.op_Addition (use add(x, Scalars.One))", and with the private dependency that uses it.</summary>
    /// <exception cref="PluginFaultException">An assembly of the plugin cannot be read.</exception>
    public static IReadOnlyList<string> Of(PluginManifest plugin)
    {
        using var assemblies = PluginAssemblies.Open(plugin.AssemblyPath);
        return [.. assemblies.All.SelectMany((a, i) => Of(a, i == 0 ? "" : $" in {a.Name}"))];
    }

    private static IEnumerable<string> Of(MetadataAssembly assembly, string where)
    {
        var reader = assembly.Reader;
        var found = from handle in reader.MemberReferences
                    let member = reader.GetMemberReference(handle)
                    where member.GetKind() == MemberReferenceKind.Method && member.Parent.Kind == HandleKind.TypeReference
                    let type = (TypeReferenceHandle)member.Parent
                    where TypeNames.AssemblyOf(reader, type) == Library
                    let name = $"{Dotted(TypeNames.Of(reader, type))}.{reader.GetString(member.Name)}"
                    let remedy = Remedies.Value.GetValueOrDefault(name + Parameters(member))
                    where remedy is not null
                    select $"{name}{where} ({remedy})";
        return found.Distinct().Order(StringComparer.Ordinal);
    }

    private static string Parameters(MemberReference member)
    {
        var types = member.DecodeMethodSignature(TypeNames.Provider, null).ParameterTypes;
        return types.Length == 0 ? "" : $"({string.Join(',', types.Select(t => Dotted(t.Contains('.') ? t : $"System.{t}")))})";
    }

    private static string Dotted(string type) => type.Replace('+', '.');

    /// <summary>Lines of documentation ids with a remedy: <c>M:Type.Method(Parameters)~Result;remedy</c>.</summary>
    private static Dictionary<string, string> Read()
    {
        using var reader = new StreamReader(typeof(HazardCheck).Assembly.GetManifestResourceStream("Neoteny.Host.Plugins.BannedSymbols.txt")!);
        return reader.ReadToEnd().Split('\n')
            .Where(l => l.StartsWith("M:", StringComparison.Ordinal))
            .Select(l => l[2..].Split(';', 2))
            .GroupBy(p => p[0].Split('~')[0])
            .ToDictionary(g => g.Key, g => g.First()[1].Trim());
    }
}
