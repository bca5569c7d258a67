using System.Reflection;
using Neoteny.Host.Plugins;

namespace Neoteny.Host.Configuration;

/// <summary>The option records of the host's own assemblies: the command, models and training.</summary>
/// <remarks>Read from metadata like those of plugins, so that <c>plugins list</c> does not load what trains.</remarks>
internal sealed class HostKeys
{
    private readonly Dictionary<string, string> assemblyOf = [];

    private HostKeys(KeyOwner owner) => Owner = owner;

    /// <summary>The owner of all of them.</summary>
    public KeyOwner Owner { get; }

    /// <summary>Every spelling.</summary>
    public IReadOnlySet<string> Spellings => Owner.Keys.SelectMany(k => k.Spellings).ToHashSet();

    /// <summary>Reads the host's assemblies.</summary>
    public static HostKeys Read() => Read(AppContext.BaseDirectory, ["neoteny", "Neoteny.Models", "Neoteny.Training"]);

    /// <summary>Reads these assemblies of a folder.</summary>
    public static HostKeys Read(string folder, IReadOnlyList<string> names)
    {
        using var assemblies = new SharedAssemblies(folder, ["Neoteny.Abstractions", "Neoteny.Runtime", .. names]);
        var read = names.SelectMany(n => OptionsReader.Read(assemblies.Find(n)!, assemblies).Select(o => (Assembly: n, Options: o))).ToList();
        var keys = new HostKeys(new KeyOwner(KeyOwner.Host, [.. read.Select(r => r.Options)]));
        foreach (var (assembly, options) in read)
            keys.assemblyOf[options.TypeName] = assembly;
        return keys;
    }

    /// <summary>Binds and validates every record.</summary>
    public IReadOnlyDictionary<Type, object> Bind(OptionsBinder binder)
    {
        var bound = new Dictionary<Type, object>();
        foreach (var options in Owner.Options)
        {
            var type = Assembly.Load(assemblyOf[options.TypeName]).GetType(options.TypeName, throwOnError: true)!;
            bound[type] = binder.Bind(type, options);
        }
        return bound;
    }
}
