namespace Neoteny.Plugins.Greeter;

public enum Mood
{
    Calm,
    VeryLoud,
}
