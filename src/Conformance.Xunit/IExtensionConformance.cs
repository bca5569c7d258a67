namespace Neoteny.Conformance.Xunit;

/// <summary>A conformance class, whatever its extension point.</summary>
internal interface IExtensionConformance
{
    /// <summary>The suite that it runs.</summary>
    ConformanceSuite Suite { get; }

    /// <summary>The class of the extension that it tries.</summary>
    Type ExtensionType { get; }
}
