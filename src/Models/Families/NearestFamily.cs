using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using static TorchSharp.torch;

namespace Neoteny.Models.Families;

/// <summary>Finds the family that an unknown model resembles most: by the names of its tensors where they are known, then by the keys of its configuration.</summary>
internal static class NearestFamily
{
    /// <summary>The nearest family; null when no family can read the configuration.</summary>
    public static Resemblance? Find(IEnumerable<IModelFamily> families, HuggingFaceConfig config, IReadOnlyCollection<string>? tensors)
        => families.Select(f => Compare(f, config, tensors)).OfType<Resemblance>().OrderByDescending(r => r.TensorShare).ThenByDescending(r => r.KeyShare).FirstOrDefault();

    private static Resemblance? Compare(IModelFamily family, HuggingFaceConfig config, IReadOnlyCollection<string>? tensors)
    {
        var read = new HashSet<string>();
        try
        {
            var spec = family.Describe(config.Noting(read));
            var keys = config.Keys.Where(k => k is not ("architectures" or "model_type" or "transformers_version")).ToHashSet();
            var names = tensors is null ? [] : Names(spec);
            var (sharedKeys, sharedNames) = (keys.Count(read.Contains), tensors?.Count(names.Contains) ?? 0);
            return new Resemblance
            {
                Family = family,
                TensorShare = tensors is null ? 0 : (double)sharedNames / names.Union(tensors).Count(),
                KeyShare = (double)sharedKeys / keys.Union(read).Count(),
                Evidence = tensors is null
                    ? $"it reads {sharedKeys} of the file's {keys.Count} keys"
                    : $"it has {sharedNames} of the checkpoint's {tensors.Count} tensors",
            };
        }
        catch (InputException)
        {
            return null;
        }
    }

    private static HashSet<string> Names(DecoderSpec spec)
    {
        var names = new HashSet<string>();
        using var model = DecoderBuilder.Build(spec, (name, shape) =>
        {
            names.Add(name);
            return empty(shape, device: META);
        });
        return names;
    }
}

/// <summary>How much a family has in common with a model that is not its own; shares are of all that either of them has.</summary>
internal sealed record Resemblance
{
    public required IModelFamily Family { get; init; }

    public required double TensorShare { get; init; }

    public required double KeyShare { get; init; }

    public required string Evidence { get; init; }
}
