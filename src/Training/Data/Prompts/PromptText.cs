using System.Text.RegularExpressions;

namespace Neoteny.Training.Data.Prompts;

/// <summary>The wording of an instruction prompt.</summary>
/// <remarks>The built-in wordings are those of Stanford Alpaca and of Axolotl's chat variant, which users' models are trained on.</remarks>
internal sealed partial record PromptText
{
    private static readonly string Task = "Below is an instruction that describes a task";

    private static readonly string Respond = "Write a response that appropriately completes the request.";

    /// <summary>The system text in front of prompts with an input.</summary>
    public string System { get; init; } = $"{Task}, paired with an input that provides further context. {Respond}";

    /// <summary>The system text in front of prompts without input.</summary>
    public string SystemWithoutInput { get; init; } = $"{Task}. {Respond}";

    /// <summary>How the system text is written.</summary>
    public string SystemFormat { get; init; } = "{system}\n\n";

    /// <summary>The prompt with an input.</summary>
    public required string Format { get; init; }

    /// <summary>The prompt without input.</summary>
    public required string FormatWithoutInput { get; init; }

    /// <summary>The original headings.</summary>
    public static PromptText Alpaca { get; } = new()
    {
        Format = "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n",
        FormatWithoutInput = "### Instruction:\n{instruction}\n\n### Response:\n",
    };

    /// <summary>The same as a dialogue.</summary>
    public static PromptText AlpacaChat { get; } = new()
    {
        SystemFormat = "SYSTEM: {system}\n",
        Format = "USER: {instruction}\n{input}\nASSISTANT:",
        FormatWithoutInput = "USER: {instruction}\nASSISTANT:",
    };

    /// <summary>The prompt of one record.</summary>
    public string Write(string instruction, string? input, string? ownSystem)
    {
        var hasInput = !string.IsNullOrEmpty(input);
        var system = ownSystem ?? (hasInput ? System : SystemWithoutInput);
        var prefix = system.Length > 0 ? Place().Replace(SystemFormat, m => m.Value == "{system}" ? system : m.Value) : "";
        return prefix + Place().Replace(hasInput ? Format : FormatWithoutInput, m => m.Value switch
        {
            "{instruction}" => instruction,
            "{input}" => input ?? "",
            _ => system,
        });
    }

    [GeneratedRegex(@"\{(?:system|instruction|input)\}")]
    private static partial Regex Place();
}
