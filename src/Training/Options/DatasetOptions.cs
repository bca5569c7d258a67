using Neoteny.Configuration;
using Neoteny.Models.ChatTemplates;

namespace Neoteny.Training.Options;

/// <summary>One entry of <c>datasets</c> or <c>test_datasets</c>.</summary>
public sealed record DatasetOptions
{
    /// <summary>A file, a folder of files, or an id of the hub.</summary>
    [Key("path", Required = true, Summary = "A JSONL or parquet file, a folder of such files, read in the order of their names, or an id of the hub: org/name.")]
    public string Path { get; init; } = "";

    /// <summary>The prompt style, by name or spelled out.</summary>
    [Key("type", Summary = "alpaca, alpaca:chat, completion, chat_template, or a mapping with field_instruction, format and so on.")]
    public DatasetTypeOptions? Type { get; init; }

    /// <summary>Files below <see cref="Path"/>, or on their own.</summary>
    [Key("data_files", Summary = "Files to read: below path when that is a folder.")]
    public IReadOnlyList<string>? DataFiles { get; init; }

    /// <summary>The format of the files.</summary>
    [Key("ds_type", Allowed = ["json", "jsonl", "parquet"], Summary = "The format of the files: json (one object a line) or parquet; the endings of their names decide.")]
    public string? FileType { get; init; }

    /// <summary>The split; local files have only <c>train</c>.</summary>
    [Key("split", Default = "train", Summary = "The split of a dataset on the hub, found by the names of its files. Local files have one split, train.")]
    public string? Split { get; init; }

    /// <summary>The configuration of a dataset on the hub.</summary>
    [Key("name", Summary = "The configuration (subset) of a dataset on the hub.")]
    public string? Subset { get; init; }

    /// <summary>The revision of a dataset on the hub.</summary>
    [Key("revision", Default = "main", Summary = "The branch, tag or commit of a dataset on the hub.")]
    public string? Revision { get; init; }

    /// <summary>The text field of <c>completion</c>.</summary>
    [Key("field", Summary = "The text field of type completion.")]
    public string Field { get; init; } = "text";

    /// <summary>The field that holds a conversation's messages.</summary>
    [Key("field_messages", Summary = "The field that holds the messages of type chat_template.")]
    public string MessagesField { get; init; } = "messages";

    /// <summary>Names of the message's properties in the file, by the name the template uses.</summary>
    [Key("message_property_mappings", Summary = "Where a message keeps its properties, for instance role: from, content: value.")]
    public IReadOnlyDictionary<string, string> MessageProperties { get; init; } = new Dictionary<string, string>();

    /// <summary>Roles as the file spells them, by the role they mean.</summary>
    [Key("roles", Summary = "Spellings of each role, for instance assistant: [gpt, model].")]
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Roles { get; init; }

    /// <summary>Roles whose messages are trained.</summary>
    [Key("roles_to_train", Summary = "Roles whose messages are trained.")]
    public IReadOnlyList<string> TrainedRoles { get; init; } = ["assistant"];

    /// <summary>When the end-of-sequence token is trained.</summary>
    [Key("train_on_eos", Summary = "When the end-of-sequence token after a message is trained: all, turn (after trained messages), last, none.")]
    public EndTokenTraining TrainOnEos { get; init; } = EndTokenTraining.Turn;

    /// <summary>When another token that ends a turn is trained; null as <see cref="TrainOnEos"/>.</summary>
    [Key("train_on_eot", Default = "train_on_eos", Summary = "The same for the tokens of eot_tokens: all, turn, last, none.")]
    public EndTokenTraining? TrainOnEot { get; init; }

    /// <summary>The message's property that says whether it is trained.</summary>
    [Key("message_field_training", Summary = "The property of a message that says, true or false, whether it is trained; absent, its role decides.")]
    public string TrainingField { get; init; } = "training";

    /// <summary>The field that holds the tools a conversation may call.</summary>
    [Key("field_tools", Summary = "The field that holds the tools which the template describes to the model.")]
    public string ToolsField { get; init; } = "tools";

    /// <summary>Whether a leading system message is left out.</summary>
    [Key("drop_system_message", Summary = "Leave out a system message at the beginning.")]
    public bool DropsSystemMessage { get; init; }

    /// <summary>The chat template of this dataset alone.</summary>
    [Key("chat_template", Summary = "The chat template of this dataset alone; unset, the run's.")]
    public string? ChatTemplate { get; init; }

    /// <summary>The text of the chat template of this dataset alone.</summary>
    [Key("chat_template_jinja", Summary = "The text of a Jinja chat template for this dataset alone.")]
    public string? ChatTemplateJinja { get; init; }
}
