namespace Neoteny.Plugins.Parting;

internal sealed class Clock
{
    public string Now => "noon";
}
