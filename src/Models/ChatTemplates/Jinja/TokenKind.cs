namespace Neoteny.Models.ChatTemplates.Jinja;

internal enum TokenKind
{
    /// <summary>Text outside of tags.</summary>
    Data,

    /// <summary>The opening of <c>{{</c>.</summary>
    OutputBegin,

    /// <summary>The closing of an output.</summary>
    OutputEnd,

    /// <summary>The opening of <c>{%</c>.</summary>
    BlockBegin,

    /// <summary>The closing of a block tag.</summary>
    BlockEnd,
    Name,
    Text,
    Integer,
    Float,
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}
