namespace Neoteny.Conformance;

/// <summary>How a check ended.</summary>
public enum CheckStatus
{
    /// <summary>Everything compared was as it must be.</summary>
    Passed,

    /// <summary>Something was not; <see cref="CheckResult.Failures"/> says what.</summary>
    Failed,

    /// <summary>The implementation claims nothing that this check is about; <see cref="CheckResult.Reason"/> says what.</summary>
    Skipped,
}
