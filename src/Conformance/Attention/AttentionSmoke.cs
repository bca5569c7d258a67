using Neoteny.Attention;

namespace Neoteny.Conformance;

/// <summary>The quick check of an attention kernel on a running model's layers.</summary>
internal static class AttentionSmoke
{
    public static void Check(CheckRun run, IAttention kernel, LiveShapes live)
    {
        var settings = new ConformanceSettings { Device = live.Device, DTypes = [live.DType] };
        foreach (var spec in live.Attention)
        {
            var name = $"{spec.QueryHeads} heads of {spec.HeadSize}, {live.DType}";
            if ((spec.Demands & ~kernel.Supports) is not 0 and var missing)
            {
                run.Fail($"{name}: it does not support {missing}, which this run needs");
                continue;
            }

            if (kernel.Refuses(spec, live.DType, live.Device) is { } reason)
            {
                run.Fail($"{name}: it refuses: {reason}");
                continue;
            }

            int[] lengths = live.Tokens < 4 ? [live.Tokens] : [live.Tokens - 3, 1, 2];
            var problem = AttentionCase.Of(spec, name, lengths);
            run.Case(name, () =>
            {
                using var made = AttentionProblem.Make(problem, settings, live.DType);
                var expected = AttentionReference.Run(made.Input, made.OutputGradient);
                var (output, gradients) = made.Run(kernel);
                run.Close("output", expected.Output, output.Output, Tolerance.Of(live.DType), made.Floor);
                AttentionComparison.Compare(run, made, live.DType, gradients, expected);
                Conduct.InputsStay(run, made.Workload(kernel));
            });
        }
    }
}
