using System.Runtime.InteropServices;
using Neoteny.Fixture;

namespace Neoteny.Plugins.Native;

/// <summary>Needs a native library that nobody brings as soon as it is created.</summary>
[Provides("native")]
public sealed partial class NativeGreeting : IGreeting
{
    public NativeGreeting() => Call();

    public string Greet() => "";

    [LibraryImport("no_such_library")]
    private static partial void Call();
}
