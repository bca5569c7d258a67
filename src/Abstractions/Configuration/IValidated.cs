namespace Neoteny.Configuration;

/// <summary>Options that check relations between their keys.</summary>
public interface IValidated
{
    /// <summary>Reports every problem found; called once, after binding, and must not throw.</summary>
    void Validate(IProblems problems);
}

/// <summary>Collects problems of a configuration file. All of them are printed at once, before anything loads.</summary>
public interface IProblems
{
    /// <summary>Adds an error.</summary>
    /// <param name="property">Name of the options property whose key is to blame; the host finds its place in the file.</param>
    /// <param name="message">What is wrong, and the remedy, without the key's name in front.</param>
    void Add(string property, string message);

    /// <summary>Adds a warning: the run goes on.</summary>
    /// <param name="property">Name of the options property whose key is to blame.</param>
    /// <param name="message">What is odd, and the remedy.</param>
    void Warn(string property, string message) => _ = (property, message);

    /// <summary>Where a key stands, for messages about two keys: "flash_attention (run.yml:7:18)".</summary>
    /// <param name="property">Name of the options property that binds it.</param>
    string Where(string property) => property;
}
