using System.Text.Json;
using System.Text.Json.Nodes;

namespace Neoteny.Plugins.Lora;

/// <summary>One adapter's settings, as <c>adapter_config.json</c> holds them (PEFT 0.21).</summary>
internal sealed record LoraConfiguration
{
    // What would change the numbers and is not computed here.
    private static readonly string[] Unsupported =
        ["layer_replication", "trainable_token_indices", "alora_invocation_tokens", "fan_in_fan_out", "use_qalora", "use_bdlora", "megatron_config"];

    public required int Rank { get; init; }

    public required double Alpha { get; init; }

    public double Dropout { get; init; }

    public bool UseRsLora { get; init; }

    public bool UseDora { get; init; }

    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>();

    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>();

    public required ModuleTargets Targets { get; init; }

    /// <summary>Bare parameters with deltas of their own.</summary>
    public ParameterTargets Parameters { get; init; } = new([]);

    /// <summary>Modules that train in full and are saved with the adapter, by path or its end.</summary>
    public IReadOnlyList<string> ModulesToSave { get; init; } = [];

    /// <summary>Whether an embedding and a head that share their weight go on sharing it where one of them trains in full.</summary>
    public bool EnsureWeightTying { get; init; }

    /// <summary>Whether B has a bias.</summary>
    public bool LoraBias { get; init; }

    /// <summary>Which biases of the base model train: <c>none</c>, <c>all</c>, or <c>lora_only</c>, those of adapted modules.</summary>
    public string Bias { get; init; } = "none";

    /// <summary>The factor on a delta of some rank and alpha.</summary>
    public double Scale(int rank, double alpha) => alpha / (UseRsLora ? Math.Sqrt(rank) : rank);

    public static LoraConfiguration Of(LoraOptions options) => new()
    {
        Rank = options.Rank!.Value,
        Alpha = options.Alpha!.Value,
        Dropout = options.Dropout,
        UseRsLora = options.UseRsLora,
        UseDora = options.UseDora,
        RankPattern = options.RankPattern,
        AlphaPattern = options.AlphaPattern,
        ModulesToSave = options.ModulesToSave,
        EnsureWeightTying = true,
        Parameters = new ParameterTargets(options.TargetParameters),
        Targets = ModuleTargets.Of(options.TargetLinear ? ["all-linear"] : options.TargetModules, new LayerChoice(options.Layers, options.LayersPattern)),
    };

    /// <summary>Reads the file's text.</summary>
    /// <exception cref="InputException">It is not a LoRA configuration, or uses something this plugin does not compute.</exception>
    public static LoraConfiguration Parse(string json)
    {
        JsonObject root;
        try
        {
            root = JsonNode.Parse(json)!.AsObject();
            Refuse(root);
            return new LoraConfiguration
            {
                Rank = (int)root["r"]!,
                Alpha = (double)root["lora_alpha"]!,
                Dropout = (double?)root["lora_dropout"] ?? 0,
                UseRsLora = (bool?)root["use_rslora"] ?? false,
                UseDora = (bool?)root["use_dora"] ?? false,
                RankPattern = Pattern(root["rank_pattern"], static n => (int)n),
                AlphaPattern = Pattern(root["alpha_pattern"], static n => (double)n),
                ModulesToSave = Texts(root["modules_to_save"]),
                EnsureWeightTying = (bool?)root["ensure_weight_tying"] ?? false,
                LoraBias = (bool?)root["lora_bias"] ?? false,
                Bias = (string?)root["bias"] ?? "none",
                Parameters = new ParameterTargets(Texts(root["target_parameters"])),
                Targets = ReadTargets(root),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or NullReferenceException)
        {
            throw new InputException($"adapter_config.json is not a LoRA configuration as PEFT writes it: {e.Message} Check the adapter's folder.", e);
        }
    }

    /// <summary>Writes the file's text with PEFT's keys.</summary>
    public string ToJson(string baseModel, IEnumerable<string> modules, IEnumerable<string> parameters) => new JsonObject
    {
        ["alpha_pattern"] = Pattern(AlphaPattern.ToDictionary(p => p.Key, p => JsonValue.Create(p.Value))),
        ["base_model_name_or_path"] = baseModel,
        ["bias"] = Bias,
        ["ensure_weight_tying"] = EnsureWeightTying && ModulesToSave.Count > 0,
        ["fan_in_fan_out"] = false,
        ["inference_mode"] = true,
        ["init_lora_weights"] = true,
        ["lora_alpha"] = Alpha == Math.Floor(Alpha) ? JsonValue.Create((long)Alpha) : JsonValue.Create(Alpha),
        ["lora_bias"] = LoraBias,
        ["lora_dropout"] = Dropout,
        ["modules_to_save"] = ModulesToSave.Count == 0 ? null : new JsonArray([.. ModulesToSave.Select(m => (JsonNode)JsonValue.Create(m))]),
        ["peft_type"] = "LORA",
        ["r"] = Rank,
        ["rank_pattern"] = Pattern(RankPattern.ToDictionary(p => p.Key, p => JsonValue.Create(p.Value))),
        ["target_modules"] = new JsonArray([.. modules.Select(m => (JsonNode)JsonValue.Create(m))]),
        ["target_parameters"] = Parameters.IsEmpty ? null : new JsonArray([.. parameters.Select(p => (JsonNode)JsonValue.Create(p))]),
        ["task_type"] = "CAUSAL_LM",
        ["use_dora"] = UseDora,
        ["use_rslora"] = UseRsLora,
    }.ToJsonString(new JsonSerializerOptions { WriteIndented = true });

    private static JsonObject Pattern(Dictionary<string, JsonValue> values)
        => new(values.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value)));

    private static Dictionary<string, T> Pattern<T>(JsonNode? node, Func<JsonNode, T> read)
        => node?.AsObject().ToDictionary(p => p.Key, p => read(p.Value!)) ?? [];

    private static ModuleTargets ReadTargets(JsonObject root)
    {
        var layers = new LayerChoice(
            root["layers_to_transform"] is JsonValue one ? [(int)one] : [.. (root["layers_to_transform"]?.AsArray() ?? []).Select(n => (int)n!)], Texts(root["layers_pattern"]));
        var excluded = root["exclude_modules"] switch
        {
            JsonArray { Count: > 0 } names => ModuleTargets.OfNames(Texts(names), LayerChoice.All, null),
            JsonValue text => ModuleTargets.OfText((string)text!, LayerChoice.All, null),
            _ => null,
        };
        return root["target_modules"] is JsonValue expression
            ? ModuleTargets.OfText((string)expression!, layers, excluded)
            : ModuleTargets.OfNames(Texts(root["target_modules"]), layers, excluded);
    }

    /// <summary>A list of texts, or a single one.</summary>
    private static IReadOnlyList<string> Texts(JsonNode? node) => node switch
    {
        null => [],
        JsonValue text => [(string)text!],
        _ => [.. node.AsArray().Select(n => (string)n!)],
    };

    private static void Refuse(JsonObject root)
    {
        if ((string?)root["peft_type"] != "LORA")
        {
            throw new InputException($"adapter_config.json has peft_type '{root["peft_type"]}'; this plugin reads LORA.");
        }

        var unsupported = Unsupported.Where(k => root[k] is { } value && value is not JsonArray { Count: 0 } && !(value is JsonValue flag && flag.TryGetValue<bool>(out var on) && !on)).ToList();
        if (unsupported.Count > 0)
        {
            throw new InputException($"adapter_config.json uses {string.Join(", ", unsupported)}, which this version does not support. "
                + "Merge the adapter with PEFT and load the merged model instead.");
        }

        if ((bool?)root["lora_bias"] == true && (bool?)root["use_dora"] == true)
        {
            throw new InputException("adapter_config.json has use_dora and lora_bias, which cannot be combined.");
        }

        if ((string?)root["bias"] is not (null or "none" or "all" or "lora_only"))
        {
            throw new InputException($"adapter_config.json has bias '{root["bias"]}'; known are none, all and lora_only.");
        }
    }
}
