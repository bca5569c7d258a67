using Neoteny.Configuration;

namespace Neoteny.Training.Options;

/// <summary>How the records of a dataset become text: the name of a prompt style, or one spelled out in place.</summary>
/// <remarks>In the file either a text (<c>type: alpaca</c>, short for <c>type: {name: alpaca}</c>) or a mapping of the keys below.</remarks>
public sealed record DatasetTypeOptions
{
    /// <summary>The name that a spelled-out style has.</summary>
    public static readonly string Custom = "user_defined";

    /// <summary>The style's name.</summary>
    [Key("name", Shorthand = true, Summary = "The style's name; a plain text stands for it.")]
    public string Name { get; init; } = Custom;

    /// <summary>The system text, put before every prompt.</summary>
    [Key("system_prompt", Summary = "Text put in front of every prompt.")]
    public string SystemPrompt { get; init; } = "";

    /// <summary>How the system text is written; <c>{system}</c> stands for it.</summary>
    [Key("system_format", Summary = "How the system text is written; {system} stands for it.")]
    public string SystemFormat { get; init; } = "{system}";

    /// <summary>The field with a record's own system text.</summary>
    [Key("field_system", Summary = "The field with a record's own system text.")]
    public string? SystemField { get; init; }

    /// <summary>The field with the instruction.</summary>
    [Key("field_instruction", Summary = "The field with the instruction.")]
    public string InstructionField { get; init; } = "instruction";

    /// <summary>The field with the input.</summary>
    [Key("field_input", Summary = "The field with the input; may be absent or empty in a record.")]
    public string InputField { get; init; } = "input";

    /// <summary>The field with the answer.</summary>
    [Key("field_output", Summary = "The field with the answer, which is trained.")]
    public string OutputField { get; init; } = "output";

    /// <summary>The prompt with an input.</summary>
    [Key("format", Summary = "The prompt; {instruction}, {input} and {system} stand for the fields.")]
    public string Format { get; init; } = "{instruction} {input} ";

    /// <summary>The prompt without an input; null for <see cref="Format"/>.</summary>
    [Key("no_input_format", Summary = "The prompt of records without input; unset, format is used.")]
    public string? NoInputFormat { get; init; }
}
