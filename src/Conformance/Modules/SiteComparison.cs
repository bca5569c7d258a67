using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Compares what a block gave with the reference.</summary>
internal static class SiteComparison
{
    public static void Compare(CheckRun run, string call, SiteRun expected, SiteRun actual, double tolerance)
    {
        foreach (var ((name, reference), result) in expected.Outputs.Select((t, i) => ($"output {i}", t)).Zip(actual.Outputs))
        {
            run.Close($"{call}, {name}", reference, result, tolerance);
        }

        // What vanishes up to rounding is held against the scale of the other gradients.
        var floor = expected.Inputs.OfType<Tensor>().Select(Norm).DefaultIfEmpty(0).Max() * 0.05;
        foreach (var (index, (reference, result)) in expected.Inputs.Zip(actual.Inputs).Index())
        {
            Gradient(run, $"{call}, gradient of input {index}", reference, result, tolerance, floor);
        }

        foreach (var (path, reference) in expected.Parameters)
        {
            Gradient(run, $"{call}, gradient of {path}", reference, actual.Parameters.First(p => p.Path == path).Gradient, tolerance, floor);
        }
    }

    private static void Gradient(CheckRun run, string what, Tensor? expected, Tensor? actual, double tolerance, double floor)
    {
        if (expected is null)
        {
            run.That(actual is null || actual.eq(Runtime.Scalars.Zero).all().item<bool>(), $"{what}: there should be none");
        }
        else
        {
            run.Close(what, expected, actual, tolerance, Math.Max(floor, 1e-3));
        }
    }

    private static double Norm(Tensor tensor) => Comparison.Wide(tensor).norm().item<double>();
}
