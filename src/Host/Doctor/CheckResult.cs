namespace Neoteny.Host.Doctor;

/// <summary>What became of a check.</summary>
internal enum CheckState
{
    /// <summary>It works.</summary>
    Ok,

    /// <summary>It does not work although it should.</summary>
    Failed,

    /// <summary>This machine has nothing to check.</summary>
    Skipped,
}

/// <summary>A check that was run.</summary>
/// <param name="Name">What was tried.</param>
/// <param name="State">What became of it.</param>
/// <param name="Detail">The reason, or what was measured.</param>
internal sealed record CheckResult(string Name, CheckState State, string Detail);
