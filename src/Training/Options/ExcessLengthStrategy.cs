namespace Neoteny.Training.Options;

/// <summary>What becomes of a document with more than <c>sequence_len</c> tokens.</summary>
public enum ExcessLengthStrategy
{
    /// <summary>It is left out; the count is reported.</summary>
    Drop,

    /// <summary>Its tokens after the limit are cut off.</summary>
    Truncate,

    /// <summary>The run ends with an error that names its file and line.</summary>
    Raise,
}
