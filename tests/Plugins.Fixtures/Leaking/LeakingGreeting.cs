using Neoteny.Fixture;

namespace Neoteny.Plugins.Leaking;

/// <summary>Hangs itself on an event of the process and never lets go.</summary>
[Provides("leaking")]
public sealed class LeakingGreeting : IGreeting
{
    public LeakingGreeting() => AppDomain.CurrentDomain.ProcessExit += OnExit;

    public string Greet() => "I stay";

    private static void OnExit(object? sender, EventArgs e)
    {
    }
}
