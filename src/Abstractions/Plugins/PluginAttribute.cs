namespace Neoteny.Plugins;

/// <summary>Marks an assembly as a plugin: <c>[assembly: Plugin("Lora")]</c>.</summary>
/// <remarks>
/// Read from metadata; the assembly is not loaded for it. The version of a plugin is the version of its package
/// (<see cref="System.Reflection.AssemblyInformationalVersionAttribute"/> up to a <c>+</c>). Constructor parameters never change.
/// </remarks>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class PluginAttribute(string id) : Attribute
{
    /// <summary>The plugin's identity: the name of its folder, its package and its entry in <c>plugins:</c>. Compared without case.</summary>
    public string Id { get; } = id;

    /// <summary>One line for <c>neoteny plugins list</c>.</summary>
    public string? Summary { get; set; }
}
