using System.Text.RegularExpressions;

namespace Neoteny.Models.Hub;

/// <summary>A repository of the hub at a revision.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Name">Its id, <c>org/name</c>.</param>
/// <param name="Revision">A branch, a tag or a commit.</param>
public sealed partial record HubRepository(HubKind Kind, string Name, string Revision = HubRepository.DefaultRevision)
{
    /// <summary>The branch that is meant where none is named.</summary>
    public const string DefaultRevision = "main";

    /// <summary>Reads <c>org/name</c> or <c>org/name@revision</c>.</summary>
    /// <param name="kind">What it holds.</param>
    /// <param name="text">The text.</param>
    /// <param name="revision">A revision named beside it; one in the text wins.</param>
    /// <returns>The repository; null where the text cannot be the id of one.</returns>
    public static HubRepository? Parse(HubKind kind, string text, string? revision = null)
    {
        var match = Pattern().Match(text);
        return match.Success && !text.Contains("--", StringComparison.Ordinal) && !text.Contains("..", StringComparison.Ordinal)
            ? new HubRepository(kind, match.Groups["name"].Value, match.Groups["revision"] is { Success: true } named ? named.Value : revision ?? DefaultRevision)
            : null;
    }

    /// <summary>Its page, for messages.</summary>
    public string Page(Uri endpoint) => $"{endpoint.ToString().TrimEnd('/')}/{Prefix}{Name}";

    /// <inheritdoc/>
    public override string ToString() => Revision == DefaultRevision ? Name : $"{Name}@{Revision}";

    internal string Word => Kind == HubKind.Model ? "model" : "dataset";

    internal string Plural => Word + "s";

    // Pages and files of models stand at the root.
    internal string Prefix => Kind == HubKind.Model ? "" : "datasets/";

    internal bool NamesCommit => Commit().IsMatch(Revision);

    [GeneratedRegex(@"^(?<name>[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95})(@(?<revision>[\w][\w./-]*))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();

    [GeneratedRegex(@"^[0-9a-f]{40}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Commit();
}

/// <summary>What a repository of the hub holds.</summary>
public enum HubKind
{
    /// <summary>A model, a tokenizer or an adapter.</summary>
    Model,

    /// <summary>A dataset.</summary>
    Dataset,
}
