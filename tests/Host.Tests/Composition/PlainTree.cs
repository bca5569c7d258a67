using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Host.Tests.Composition;

/// <summary>Sites of a model that computes nothing: <c>mlp</c> with <c>mlp.gate</c>, <c>mlp.up</c> and <c>mlp.norm</c> in it, and <c>norm</c> beside it.</summary>
internal sealed class PlainTree : IModuleTree
{
    public PlainTree()
    {
        var mlp = Site("mlp", new Mlp());
        ModuleSite[] inner = [Site("mlp.gate", new Linear()), Site("mlp.up", new Linear()), Site("mlp.norm", new Norm())];
        mlp.Nest(inner);
        Sites = [mlp, .. inner, Site("norm", new Norm())];
    }

    public IReadOnlyList<ModuleSite> Sites { get; }

    /// <summary>A delta of rank 1.</summary>
    public static LowRankDelta Delta()
    {
        LibTorch.Load();
        return new LowRankDelta { A = new Parameter("a", zeros(1, 1)), B = new Parameter("b", zeros(1, 1)), Scale = 1 };
    }

    private static ModuleSite Site<TBlock>(string path, TBlock block)
        where TBlock : IBlock
    {
        var site = new ModuleSite(path, []);
        site.Fill(block);
        return site;
    }

    private sealed class Linear : ILinear
    {
        public Parameter Weight => throw new NotSupportedException();

        public Parameter? Bias => null;

        public IReadOnlyList<LowRankDelta> Deltas => [];

        public Value Forward(Tape tape, Value x_TI) => throw new NotSupportedException();
    }

    private sealed class Norm : INorm
    {
        public Parameter Weight => throw new NotSupportedException();

        public double Epsilon => 0;

        public Value Forward(Tape tape, Value x) => throw new NotSupportedException();
    }

    private sealed class Mlp : IMlp
    {
        public Value Forward(Tape tape, Value x_TH) => throw new NotSupportedException();
    }

    /// <summary>Has every role in the tree.</summary>
    internal sealed class AnyBlock(string name) : ILinear, INorm, IMlp
    {
        public Parameter Weight => throw new NotSupportedException();

        public Parameter? Bias => null;

        public IReadOnlyList<LowRankDelta> Deltas => [];

        public double Epsilon => 0;

        public Value Forward(Tape tape, Value x) => throw new NotSupportedException();

        public override string ToString() => name;
    }
}
