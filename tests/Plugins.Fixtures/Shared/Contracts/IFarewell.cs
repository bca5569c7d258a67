namespace Neoteny.Fixture;

/// <summary>A second extension point of the tests.</summary>
public interface IFarewell
{
    /// <summary>Says something.</summary>
    string Part();
}
