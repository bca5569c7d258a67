using Neoteny.Attention;
using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Plugins.CCE;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Flash;
using Neoteny.Plugins.Flex;
using Neoteny.Plugins.Liger;
using Neoteny.Plugins.Sdpa;

namespace Neoteny.Benchmarks.Gpu;

/// <summary>The plugins that a step can run with.</summary>
internal static class GpuKernels
{
    /// <summary>The attention kernel that a run takes on Hopper by itself.</summary>
    public const string UsualAttention = "flash_attention_3";

    /// <summary>Attention kernels by name.</summary>
    public static IReadOnlyDictionary<string, Func<IAttention>> Attention { get; } = new Dictionary<string, Func<IAttention>>
    {
        [UsualAttention] = () => new FlashAttention3(),
        ["sdpa"] = () => new SdpaAttention(),
        ["flash_attention_2"] = () => new FlashAttention2(),
        ["flex_attention"] = () => new FlexAttention(new FlexOptions()),
    };

    /// <summary>Sets of plugins by the name they go by in files: none, Liger's modules, the cut loss, both.</summary>
    public static IReadOnlyList<string> Sets { get; } = ["none", "liger", "cce", "liger+cce"];

    /// <summary>The loss of a set.</summary>
    public static ILoss Loss(string set) => set.EndsWith("cce", StringComparison.Ordinal) ? new CutCrossEntropyLoss(new CceOptions()) : new CrossEntropyLoss();

    /// <summary>Puts the modules of a set in place.</summary>
    public static void Override(IModuleTree model, string set)
    {
        if (!set.StartsWith("liger", StringComparison.Ordinal))
            return;
        foreach (IModuleOverride module in new IModuleOverride[] { new LigerRmsNorm(), new LigerRope(), new LigerGluActivation() })
        {
            foreach (var path in module.Claim(model))
            {
                var site = model.At(path);
                site.Replace(module.Replace(site));
            }
        }
    }
}
