namespace Neoteny.Plugins;

/// <summary>Names an implementation of an extension point: <c>[Provides("sdpa")]</c> on a class that implements one.</summary>
/// <remarks>
/// The name is what a configuration file says (<c>attn_implementation: sdpa</c>, <c>adapter: lora</c>). A class may carry several names.
/// Read from metadata; two plugins in one run that provide the same name for the same point are an error that names both.
/// The class is registered as a singleton in the plugin's own service container, keyed by this name.
/// </remarks>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class ProvidesAttribute(string name) : Attribute
{
    /// <summary>The name in configuration files: lower case, words joined by underscores.</summary>
    public string Name { get; } = name;

    /// <summary>One line for <c>neoteny plugins list</c>.</summary>
    public string? Summary { get; set; }
}
