using System.Text.Json;
using System.Text.Json.Nodes;

namespace Neoteny.Plugins.Lora;

/// <summary>One adapter's settings, as <c>adapter_config.json</c> holds them (PEFT 0.21).</summary>
internal sealed record LoraConfiguration
{
    public required int Rank { get; init; }

    public required double Alpha { get; init; }

    public double Dropout { get; init; }

    public bool UseRsLora { get; init; }

    public bool UseDora { get; init; }

    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>();

    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>();

    public required ModuleTargets Targets { get; init; }

    /// <summary>The factor on a delta of some rank and alpha.</summary>
    public double Scale(int rank, double alpha) => alpha / (UseRsLora ? Math.Sqrt(rank) : rank);

    public static LoraConfiguration Of(LoraOptions options) => new()
    {
        Rank = options.Rank!.Value,
        Alpha = options.Alpha!.Value,
        Dropout = options.Dropout,
        UseRsLora = options.UseRsLora,
        UseDora = options.UseDora,
        Targets = options.TargetLinear ? ModuleTargets.AllLinear : ModuleTargets.Of(options.TargetModules),
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
                Targets = root["target_modules"] switch
                {
                    JsonArray list => ModuleTargets.Of([.. list.Select(n => (string)n!)]),
                    JsonValue text => (string)text! == "all-linear" ? ModuleTargets.AllLinear : ModuleTargets.Of([(string)text!]),
                    _ => ModuleTargets.Of([]),
                },
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or NullReferenceException)
        {
            throw new InputException($"adapter_config.json is not a LoRA configuration as PEFT writes it: {e.Message} Check the adapter's folder.", e);
        }
    }

    /// <summary>Writes the file's text with PEFT's keys.</summary>
    public string ToJson(string baseModel, IEnumerable<string> modules) => new JsonObject
    {
        ["alpha_pattern"] = Pattern(AlphaPattern.ToDictionary(p => p.Key, p => JsonValue.Create(p.Value))),
        ["base_model_name_or_path"] = baseModel,
        ["bias"] = "none",
        ["fan_in_fan_out"] = false,
        ["inference_mode"] = true,
        ["init_lora_weights"] = true,
        ["lora_alpha"] = Alpha == Math.Floor(Alpha) ? JsonValue.Create((long)Alpha) : JsonValue.Create(Alpha),
        ["lora_dropout"] = Dropout,
        ["modules_to_save"] = null,
        ["peft_type"] = "LORA",
        ["r"] = Rank,
        ["rank_pattern"] = Pattern(RankPattern.ToDictionary(p => p.Key, p => JsonValue.Create(p.Value))),
        ["target_modules"] = new JsonArray([.. modules.Select(m => (JsonNode)JsonValue.Create(m))]),
        ["task_type"] = "CAUSAL_LM",
        ["use_dora"] = UseDora,
        ["use_rslora"] = UseRsLora,
    }.ToJsonString(new JsonSerializerOptions { WriteIndented = true });

    private static JsonObject Pattern(Dictionary<string, JsonValue> values)
        => new(values.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value)));

    private static Dictionary<string, T> Pattern<T>(JsonNode? node, Func<JsonNode, T> read)
        => node?.AsObject().ToDictionary(p => p.Key, p => read(p.Value!)) ?? [];

    private static void Refuse(JsonObject root)
    {
        if ((string?)root["peft_type"] != "LORA")
        {
            throw new InputException($"adapter_config.json has peft_type '{root["peft_type"]}'; this plugin reads LORA.");
        }

        var unsupported = new[] { "modules_to_save", "target_parameters", "layer_replication", "trainable_token_indices", "alora_invocation_tokens" }
            .Where(k => root[k] is { } value && value is not JsonArray { Count: 0 }).ToList();
        if (unsupported.Count > 0 || ((string?)root["bias"] ?? "none") != "none" || ((bool?)root["fan_in_fan_out"] ?? false))
        {
            var names = unsupported.Count > 0 ? string.Join(", ", unsupported) : "bias or fan_in_fan_out";
            throw new InputException($"adapter_config.json uses {names}, which this version does not support. Merge the adapter with PEFT and load the merged model instead.");
        }
    }
}
