using Neoteny.Attention;

namespace Neoteny.Conformance;

/// <summary>Reasons stand in the host's messages, in the middle of a sentence.</summary>
internal static class AttentionRefusals
{
    public static void Check(CheckRun run, IAttention kernel, IEnumerable<AttentionCase> cases, ConformanceSettings settings)
    {
        var refused = 0;
        foreach (var dtype in settings.EffectiveDTypes)
        {
            foreach (var problem in cases)
            {
                if (kernel.Refuses(problem.Spec, dtype, settings.Device) is not { } reason)
                {
                    continue;
                }

                refused++;
                run.That(reason.Trim().Length > 4, $"{problem.Name}, {dtype}: is refused without a reason");
                run.That(!reason.TrimEnd().EndsWith('.'), $"{problem.Name}, {dtype}: the reason is to be half a sentence, without a full stop: '{reason}'");
                run.That(kernel.Refuses(problem.Spec, dtype, settings.Device) == reason, $"{problem.Name}, {dtype}: the answer changes from call to call");
            }
        }

        if (refused == 0)
        {
            run.Skip("it refuses nothing that it supports");
        }
    }
}
