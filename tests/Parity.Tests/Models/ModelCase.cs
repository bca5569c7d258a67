using Neoteny.Attention;
using Neoteny.Batches;
using Neoteny.Models.Checkpoints;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Families;
using Neoteny.Models.Loading;
using Neoteny.Plugins.Sdpa;
using Neoteny.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Parity.Tests.Models;

/// <summary>One folder of models/ and its references.</summary>
public sealed class ModelCase : IDisposable
{
    // The routers' loss is part of the references' total loss, whatever config.json says.
    private static readonly Dictionary<string, object?> RouterLoss = new() { ["output_router_logits"] = true };

    private readonly SafetensorsFile expected;

    private ModelCase(string folder, DecoderModel model)
    {
        (Folder, Model) = (folder, model);
        expected = SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors"));
    }

    public string Folder { get; }

    public DecoderModel Model { get; }

    /// <summary>Opens a fixture. A family that is not known fails; a kernel that cannot serve it is skipped, but for eager, which serves all.</summary>
    public static ModelCase Open(string name, string attention = "auto", string? config = null)
        => OpenFolder(FixtureFolders.Folder("models", name), attention, config);

    /// <summary>Opens a fixture of this repository, whatever NEOTENY_FIXTURES says.</summary>
    public static ModelCase OpenOwn(string name) => OpenFolder(FixtureFolders.Own("models", name), "auto", null);

    private static ModelCase OpenFolder(string folder, string attention, string? config)
    {
        var described = HuggingFaceConfig.Open(folder);
        var demands = ModelFamilies.Of(described).Describe(described).Kernels.Aggregate(AttentionFeatures.None, (all, k) => all | k.Demands);
        var kernel = Kernel(attention, demands);
        var missing = demands & ~kernel.Supports;
        Require(missing == 0, attention, $"{folder}: {attention} does not support {missing}");
        var model = config is null
            ? ModelLoader.Load(folder, new ModelLoadOptions { DType = ScalarType.Float32, Device = TestDevice.Current, Overrides = RouterLoss })
            : LoadWith(folder, config);
        if (model.Spec.Kernels.Select(k => kernel.Refuses(k, ScalarType.Float32, TestDevice.Current)).FirstOrDefault(r => r is not null) is { } reason)
        {
            model.Dispose();
            Require(false, attention, $"{folder}: {kernel.GetType().Name}: {reason}");
        }

        model.Attention.Exchange(kernel);
        return new ModelCase(folder, model);
    }

    public Tensor Expected(string name) => expected.Read(name);

    public bool Has(string name) => expected.Contains(name);

    public IEnumerable<string> NamesUnder(string prefix) => expected.Entries.Select(e => e.Name).Where(n => n.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>The documents of a case in the packed layout: rows of the batch, unpadded, or the segments of one row.</summary>
    public IReadOnlyList<(long[] Ids, long[] Labels)> Documents(string name)
    {
        var (ids, labels) = (Rows($"{name}.input_ids"), Rows($"{name}.labels"));
        if (Has($"{name}.cu_seqlens"))
        {
            var offsets = Expected($"{name}.cu_seqlens").data<int>().ToArray();
            return [.. Enumerable.Range(0, offsets.Length - 1).Select(i => (ids[0][offsets[i]..offsets[i + 1]], labels[0][offsets[i]..offsets[i + 1]]))];
        }

        var lengths = Has($"{name}.attention_mask") ? Rows($"{name}.attention_mask").Select(r => (int)r.Sum()).ToArray() : [.. ids.Select(r => r.Length)];
        return [.. ids.Select((r, i) => (r[..lengths[i]], labels[i][..lengths[i]]))];
    }

    /// <summary>The reference logits of a case, padded rows left out, <c>[T, V]</c>.</summary>
    public Tensor ExpectedLogits(string name)
    {
        var logits = Expected($"{name}.logits");
        if (!Has($"{name}.attention_mask"))
        {
            return logits.reshape(-1, logits.size(-1));
        }

        return cat([.. Documents(name).Select((d, i) => logits[i].narrow(0, 0, d.Ids.Length))]);
    }

    /// <summary>The rows of a case's batch that are no padding, int64, in the order of <see cref="Documents"/>.</summary>
    public Tensor CountedRows(string name)
    {
        var width = Rows($"{name}.input_ids")[0].Length;
        var documents = Documents(name);
        var isPacked = Has($"{name}.cu_seqlens");
        var rows = documents.SelectMany((d, i) => Enumerable.Range(0, d.Ids.Length).Select(t => (long)(isPacked ? t : (i * width) + t))).ToArray();
        return tensor(isPacked ? [.. Enumerable.Range(0, rows.Length).Select(r => (long)r)] : rows);
    }

    /// <summary>A case as a packed row. Rows that were padded into one batch share what depends on the longest of them.</summary>
    public MicroBatch Batch(string name)
    {
        var packed = MicroBatch.Pack(Documents(name), TestDevice.Current);
        if (Has($"{name}.cu_seqlens"))
        {
            return packed;
        }

        packed.Layout.Dispose();
        var (ids, positions, labels, lengths) = (packed.InputIds, packed.PositionIds, packed.Labels, packed.Layout.QueryLengths);
        return new MicroBatch
        {
            InputIds = ids,
            PositionIds = positions,
            Labels = labels,
            Layout = SequenceLayout.OfBatch(lengths, lengths, TestDevice.Current),
            TrainedTokens = packed.TrainedTokens,
        };
    }

    public long[][] Rows(string name)
    {
        using var tensor = Expected(name);
        var (rows, columns) = (tensor.size(0), (int)tensor.size(1));
        var flat = tensor.data<long>().ToArray();
        return [.. Enumerable.Range(0, (int)rows).Select(i => flat[(i * columns)..((i + 1) * columns)])];
    }

    public void Dispose()
    {
        expected.Dispose();
        Model.Dispose();
    }

    // Only where eager covers the same case may another kernel be left out.
    private static void Require(bool holds, string attention, string otherwise)
    {
        Skip.IfNot(holds || attention != "sdpa", otherwise);
        Assert.True(holds, otherwise);
    }

    /// <summary>A kernel by name; <c>auto</c> is sdpa where it can compute what the model demands, else eager.</summary>
    private static IAttention Kernel(string name, AttentionFeatures demands)
    {
        var sdpa = new SdpaAttention();
        // The default kernel is one that computes fp32 on the device under test.
        return name == "eager" || (name == "auto" && (TestDevice.IsCuda || (demands & ~sdpa.Supports) != 0)) ? new EagerAttention() : sdpa;
    }

    private static DecoderModel LoadWith(string folder, string config)
    {
        var copy = Directory.CreateTempSubdirectory("neoteny-parity-").FullName;
        try
        {
            foreach (var file in Directory.GetFiles(folder, "model*"))
            {
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            }

            File.Copy(Path.Combine(folder, config), Path.Combine(copy, "config.json"));
            return ModelLoader.Load(copy, new ModelLoadOptions { DType = ScalarType.Float32, Device = TestDevice.Current });
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }
}
