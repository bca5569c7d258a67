using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Neoteny.Models.Generation;

namespace Neoteny.Host.Commands;

/// <summary>The texts that <c>neoteny generate</c> continues: from the command line, and from a file.</summary>
internal sealed class PromptArguments
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Option<string[]> prompts = new("--prompt")
    {
        Description = "The text to continue, or with --chat the message to answer. Repeat the option for several, which run together.",
    };

    private readonly Option<string?> file = new("--prompts")
    {
        Description = "A file of prompts: one on each line, or with the ending .jsonl one object with 'prompt' on each line.",
    };

    private readonly Option<bool> json = new("--json") { Description = "Write a JSON object for each prompt: prompt, text, tokens, stop. Always with several prompts." };

    /// <summary>How many prompts run together.</summary>
    public Option<int> BatchSize { get; } = new("--batch-size") { Description = "How many prompts run together (8).", DefaultValueFactory = _ => 8 };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        BatchSize.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
            {
                result.AddError("--batch-size must be at least 1.");
            }
        });
        foreach (var option in new Option[] { prompts, file, json, BatchSize })
        {
            command.Add(option);
        }
    }

    /// <summary>All prompts, those of the command line first.</summary>
    /// <exception cref="InputException">There is none, or the file cannot be read.</exception>
    public string[] Read(ParseResult given)
    {
        string[] texts = [.. given.GetValue(prompts) ?? [], .. given.GetValue(file) is { } path ? Lines(path) : []];
        return texts.Length > 0 ? texts : throw new InputException("There is no prompt. Give --prompt TEXT, or --prompts FILE.");
    }

    /// <summary>Whether answers are written as JSON rather than as text while it comes.</summary>
    public bool WritesJson(ParseResult given, string[] texts) => texts.Length > 1 || given.GetValue(json) || given.GetValue(file) is not null;

    /// <summary>One line of the output.</summary>
    public static string Line(string prompt, GenerationResult answer) => new JsonObject
    {
        ["prompt"] = prompt,
        ["text"] = answer.Text,
        ["tokens"] = answer.Ids.Count,
        ["stop"] = answer.Stop switch { StopReason.Length => "length", StopReason.StopString => "stop", _ => "end" },
    }.ToJsonString(Readable);

    private static IEnumerable<string> Lines(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"--prompts: {path} cannot be read: {e.Message}", e);
        }

        var isJson = path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase);
        return lines.Select((text, i) => (text, i)).Where(l => !string.IsNullOrWhiteSpace(l.text)).Select(l => isJson ? Prompt(path, l.i + 1, l.text) : l.text);
    }

    private static string Prompt(string path, int line, string text)
    {
        try
        {
            return (string?)JsonNode.Parse(text)?["prompt"] ?? throw new InputException($"{path}:{line}: an object with 'prompt' is expected.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InputException($"{path}:{line}: an object with 'prompt', a text, is expected. {e.Message}", e);
        }
    }
}
