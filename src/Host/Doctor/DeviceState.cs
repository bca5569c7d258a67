namespace Neoteny.Host.Doctor;

/// <summary>What decides whether a CUDA device can be used.</summary>
internal sealed record DeviceState
{
    /// <summary>Where libtorch was loaded from.</summary>
    public required string TorchFolder { get; init; }

    /// <summary>Whether it brings CUDA.</summary>
    public required bool TorchHasCuda { get; init; }

    /// <summary>The CUDA version that it was built for, where known.</summary>
    public required Version? TorchCuda { get; init; }

    /// <summary>What the driver complains about; null where it shows a device.</summary>
    public required string? DriverProblem { get; init; }

    /// <summary>The newest CUDA version that the driver serves.</summary>
    public required Version? DriverCuda { get; init; }

    /// <summary>How many devices it shows.</summary>
    public required int Devices { get; init; }

    /// <summary>Whether libtorch finds a device.</summary>
    public required bool TorchSeesDevices { get; init; }
}
