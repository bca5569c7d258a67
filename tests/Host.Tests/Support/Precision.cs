namespace Neoteny.Host.Tests;

internal enum Precision
{
    Auto,
    True,
    False,
    VeryLow,
}
