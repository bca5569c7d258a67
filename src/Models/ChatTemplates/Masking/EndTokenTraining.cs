namespace Neoteny.Models.ChatTemplates;

/// <summary>Which of the tokens that end turns are trained.</summary>
public enum EndTokenTraining
{
    /// <summary>Those of trained turns.</summary>
    Turn,

    /// <summary>All of the conversation.</summary>
    All,

    /// <summary>The last of the conversation alone.</summary>
    Last,

    /// <summary>None.</summary>
    None,
}
