using Neoteny.Host.Doctor;
using Neoteny.Host.Runs;

namespace Neoteny.Host.Tests.Doctor;

public class DeviceProblemTests
{
    private static readonly DeviceState Fine = new()
    {
        TorchFolder = "/torch/lib",
        TorchHasCuda = true,
        TorchCuda = new Version(13, 0),
        DriverProblem = null,
        DriverCuda = new Version(13, 0),
        Devices = 2,
        TorchSeesDevices = true,
    };

    [Fact]
    public void A_visible_device_has_no_problem()
    {
        Assert.Null(DeviceProblem.Of(0, Fine));
        Assert.Null(DeviceProblem.Of(1, Fine));
        Assert.Null(DeviceProblem.Of(0, Fine with { DriverCuda = new Version(13, 2) }));
        Assert.Null(DeviceProblem.Of(0, Fine with { TorchCuda = new Version(12, 8) }));
    }

    [Fact]
    public void A_number_out_of_range_is_refused_with_those_that_are_there()
    {
        Assert.Equal("there is no device cuda:2: cuda:0 to cuda:1 are visible. Choose one of these, or check CUDA_VISIBLE_DEVICES.", DeviceProblem.Of(2, Fine));
        Assert.StartsWith("there is no device cuda:1: only cuda:0 is visible.", DeviceProblem.Of(1, Fine with { Devices = 1 }));
    }

    [Fact]
    public void A_libtorch_without_CUDA_is_named_with_the_remedy()
        => Assert.Equal("the libtorch in /torch/lib has no CUDA. Set NEOTENY_LIBTORCH to the torch/lib folder of a PyTorch with CUDA (docs/gpu.md), or write device: cpu.",
            DeviceProblem.Of(0, Fine with { TorchHasCuda = false }));

    [Fact]
    public void What_the_driver_complains_about_is_passed_on()
        => Assert.Equal("no driver", DeviceProblem.Of(0, Fine with { DriverProblem = "no driver", TorchSeesDevices = false }));

    [Fact]
    public void A_driver_that_is_too_old_is_named_with_both_versions()
        => Assert.Equal("the NVIDIA driver is too old: it serves CUDA up to 12.4, and the libtorch in /torch/lib is built for CUDA 13.0. "
            + "Update the driver, or use a PyTorch that is built for CUDA 12.", DeviceProblem.Of(0, Fine with { DriverCuda = new Version(12, 4), TorchSeesDevices = false }));

    [Fact]
    public void Devices_that_libtorch_does_not_see_are_a_problem()
        => Assert.StartsWith("the driver shows 2 GPU(s), but libtorch cannot use them.", DeviceProblem.Of(0, Fine with { TorchSeesDevices = false }));

    [Theory]
    [InlineData("auto", null)]
    [InlineData("cpu", null)]
    [InlineData("cuda", 0)]
    [InlineData("cuda:0", 0)]
    [InlineData("cuda:3", 3)]
    public void The_key_is_read(string device, int? expected) => Assert.Equal(expected, DeviceChoice.IndexOf(device));

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:x")]
    [InlineData("CUDA")]
    public void Another_text_is_refused_with_what_is_possible(string device)
        => Assert.Equal($"device: '{device}' is none of auto, cpu, cuda and cuda:n (n counts from 0).", Assert.Throws<InputException>(() => DeviceChoice.IndexOf(device)).Message);
}
