namespace Neoteny.Configuration;

/// <summary>Marks a record of the top-level configuration keys that its assembly owns.</summary>
/// <remarks>
/// The record has a parameterless constructor and <c>init</c> properties; the values they start with are the defaults. The host binds it
/// from the YAML file and registers it as a singleton in the container of the assembly that declares it.
/// </remarks>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OptionsAttribute : Attribute;
