namespace Neoteny.Host.Configuration;

/// <summary>A place in a configuration file; lines and columns count from 1, and line 0 means the file as a whole.</summary>
internal readonly record struct Place(string File, int Line, int Column) : IComparable<Place>
{
    public int CompareTo(Place other) => (Line, Column).CompareTo((other.Line, other.Column));

    public override string ToString() => Line == 0 ? File : $"{File}:{Line}:{Column}";
}
