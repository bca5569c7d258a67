using System.Text.Json;
using System.Text.Json.Nodes;

namespace Neoteny.Models.Configuration;

/// <content>Rotary settings in both key layouts, and overrides of keys.</content>
public sealed partial class HuggingFaceConfig
{
    private static readonly Dictionary<string, RopeType> RopeTypes = new()
    {
        ["default"] = RopeType.Default,
        ["mrope"] = RopeType.Default,
        ["linear"] = RopeType.Linear,
        ["dynamic"] = RopeType.Dynamic,
        ["yarn"] = RopeType.Yarn,
        ["llama3"] = RopeType.Llama3,
        ["longrope"] = RopeType.LongRope,
        ["su"] = RopeType.LongRope,
    };

    /// <summary>The rotary settings.</summary>
    /// <param name="layerType">The layer's entry of <c>layer_types</c>, for models whose layers differ (<c>full_attention</c>, <c>sliding_attention</c>); null for models whose layers agree.</param>
    /// <param name="defaultTheta">The family's base when the file names none.</param>
    /// <param name="defaultPartial">The family's share of a head that turns when the file names none.</param>
    /// <exception cref="InputException">The type is unknown, or lacks a key it needs.</exception>
    public RopeParameters Rope(string? layerType = null, double defaultTheta = 10000, double defaultPartial = 1)
    {
        if (layerType == "sliding_attention" && !HasRopeOf(layerType))
        {
            return new RopeParameters { Source = Source, Theta = Number("rope_local_base_freq", 10000) };
        }

        var parameters = Section("rope_parameters");
        if (layerType is not null && HasRopeOf(layerType))
        {
            parameters = parameters!.Section(layerType);
        }

        var scaling = Section("rope_scaling") ?? parameters ?? new HuggingFaceConfig([], Source, $"{prefix}rope_parameters.");
        var theta = scaling.Number("rope_theta", Number("rope_theta", parameters?.Number("rope_theta", defaultTheta) ?? defaultTheta));
        var partial = scaling.Number("partial_rotary_factor", Number("partial_rotary_factor", parameters?.Number("partial_rotary_factor", defaultPartial) ?? defaultPartial));
        return Check(scaling, new RopeParameters
        {
            Source = $"{Source}: '{scaling.prefix.TrimEnd('.')}'",
            Type = TypeOf(scaling),
            Theta = theta,
            PartialRotaryFactor = partial,
            Factor = scaling.Has("factor") ? scaling.Number("factor") : null,
            OriginalMaxPositionEmbeddings = OriginalLength(scaling),
            LowFreqFactor = scaling.Number("low_freq_factor", 1),
            HighFreqFactor = scaling.Number("high_freq_factor", 4),
            AttentionFactor = scaling.Has("attention_factor") ? scaling.Number("attention_factor") : null,
            BetaFast = scaling.Number("beta_fast", 32),
            BetaSlow = scaling.Number("beta_slow", 1),
            Mscale = scaling.Number("mscale", 0),
            MscaleAllDim = scaling.Number("mscale_all_dim", 0),
            Truncate = scaling.Flag("truncate", true),
            ShortFactor = scaling.Numbers("short_factor"),
            LongFactor = scaling.Numbers("long_factor"),
        });
    }

    /// <summary>A copy with the keys of <c>overrides_of_model_config</c> applied; rotary keys go where the file keeps its rotary settings.</summary>
    public HuggingFaceConfig WithOverrides(IReadOnlyDictionary<string, object?> overrides)
    {
        var result = this;
        foreach (var (key, value) in overrides)
        {
            result = key switch
            {
                "rope_scaling" when result.Has("rope_parameters") => result.WithRope(JsonSerializer.SerializeToNode(value) as JsonObject ?? []),
                "rope_theta" when result.Has("rope_parameters") && !result.Has("rope_theta")
                    => result.WithRope(new JsonObject { ["rope_theta"] = JsonSerializer.SerializeToNode(value) }, keepsScaling: true),
                "rope_parameters" => result.Without("rope_scaling").With(key, value),
                "dtype" or "torch_dtype" => result.With(result.Has("torch_dtype") ? "torch_dtype" : "dtype", value),
                _ => result.With(key, value),
            };
        }

        return overrides.Count == 0 ? this : new HuggingFaceConfig(result.root, $"{Source} with overrides_of_model_config");
    }

    // Where layers differ, the settings of full attention are meant: those of sliding layers never need scaling.
    private HuggingFaceConfig WithRope(JsonObject changes, bool keepsScaling = false)
    {
        var all = root["rope_parameters"] as JsonObject ?? [];
        var current = all["full_attention"] as JsonObject ?? all;
        var kept = new JsonObject();
        foreach (var (key, value) in current.Where(p => keepsScaling || p.Key is "rope_theta" or "partial_rotary_factor"))
        {
            kept[key] = value?.DeepClone();
        }

        var merged = Merge(kept, changes);
        if (merged["type"] is { } legacy)
        {
            merged.Remove("type");
            merged["rope_type"] ??= legacy;
        }

        merged["rope_type"] ??= "default";
        return Without("rope_scaling").With("rope_parameters", ReferenceEquals(current, all) ? merged : Merge(all, new JsonObject { ["full_attention"] = merged }));
    }

    private static JsonObject Merge(JsonObject first, JsonObject second)
    {
        var merged = first.DeepClone().AsObject();
        foreach (var (key, value) in second)
        {
            merged[key] = value?.DeepClone();
        }

        return merged;
    }

    private bool HasRopeOf(string layerType) => At("rope_parameters") is JsonObject nested && nested[layerType] is JsonObject;

    private static RopeType TypeOf(HuggingFaceConfig scaling)
    {
        var name = scaling.Text("rope_type", scaling.Text("type", "default"));
        if (name == "yarn" && scaling.Has("short_factor"))
        {
            // The first release of Phi 3 called its scaling by the name of another.
            return RopeType.LongRope;
        }

        return RopeTypes.TryGetValue(name, out var type)
            ? type
            : throw scaling.Wrong(scaling.Has("rope_type") ? "rope_type" : "type", "one of default, linear, dynamic, yarn, llama3 and longrope", name);
    }

    private int? OriginalLength(HuggingFaceConfig scaling)
        => scaling.Has("original_max_position_embeddings") ? scaling.Size("original_max_position_embeddings")
            : Has("original_max_position_embeddings") ? Size("original_max_position_embeddings")
            : null;

    private static RopeParameters Check(HuggingFaceConfig scaling, RopeParameters rope)
    {
        string[] needed = rope.Type switch
        {
            RopeType.Linear or RopeType.Dynamic or RopeType.Llama3 => ["factor"],
            RopeType.LongRope => ["short_factor", "long_factor"],
            _ => [],
        };
        foreach (var key in needed)
        {
            _ = scaling.Has(key) ? 0 : throw new InputException($"{scaling.Source}: '{scaling.prefix}{key}' is missing, which rotary scaling of type "
                + $"{rope.Type.ToString().ToLowerInvariant()} needs. Add it.");
        }

        return rope.Theta <= 0 ? throw scaling.Wrong("rope_theta", "a number above 0", rope.Theta)
            : rope.Factor is <= 0 ? throw scaling.Wrong("factor", "a number above 0", rope.Factor)
            : rope;
    }
}
