using Neoteny.Parameters;
using Neoteny.Runtime.Regions;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Steps;

/// <summary>Stands for captured work where there is no GPU: the work is done again, and its results are put where those of the first time lie.</summary>
internal sealed class RepeatedCapture : IWorkCapture
{
    /// <summary>Whose gradients the work gives: the repetition's are put where the first ones lie, as by a device, which knows no parameters.</summary>
    public IReadOnlyList<Parameter> Parameters { get; set; } = [];

    /// <summary>How often work was captured.</summary>
    public int Captured { get; private set; }

    /// <summary>How often captured work ran.</summary>
    public int Runs { get; private set; }

    /// <summary>How many captured works are not disposed.</summary>
    public int Living { get; private set; }

    public ICapturedWork Capture(Func<IReadOnlyList<Tensor?>> work)
    {
        Captured++;
        Living++;
        return new Repeated(this, work, work());
    }

    public void Settle()
    {
    }

    public void Dispose()
    {
    }

    private List<Parameter> Without() => [.. Parameters.Where(p => p.Gradient is null)];

    private sealed class Repeated(RepeatedCapture owner, Func<IReadOnlyList<Tensor?>> work, IReadOnlyList<Tensor?> results) : ICapturedWork
    {
        private bool hasRun;

        public IReadOnlyList<Tensor?> Results => results;

        public void Run()
        {
            owner.Runs++;
            if (hasRun)
            {
                using var guard = no_grad();
                var without = owner.Without();
                foreach (var (result, again) in results.Zip(work()))
                {
                    result?.copy_(again!);
                    again?.Dispose();
                }

                without.ForEach(p => p.SetGradient(null));
            }

            hasRun = true;
        }

        public void Dispose()
        {
            owner.Living--;
            foreach (var result in results)
                result?.Dispose();
        }
    }
}
