namespace Neoteny.Models.Tokenizers.Json;

/// <summary>Where a value stands in a JSON file; written out only when an error needs it.</summary>
internal sealed record JsonPlace(string File, JsonPlace? Parent = null, string? Name = null, int Index = -1)
{
    public string Path => (Parent, Name) switch
    {
        (null, _) => "",
        (_, null) => $"{Parent.Path}[{Index}]",
        _ => Parent.Path.Length == 0 ? Name : $"{Parent.Path}.{Name}",
    };

    public override string ToString() => Path.Length == 0 ? File : $"{File}, at {Path}";
}
