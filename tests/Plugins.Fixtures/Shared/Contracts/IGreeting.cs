namespace Neoteny.Fixture;

/// <summary>An extension point of the tests.</summary>
public interface IGreeting
{
    /// <summary>Says something.</summary>
    string Greet();
}
