using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Native;

namespace Neoteny.Core.Tests.Cuda;

public class DriverTests
{
    [Fact]
    public void The_driver_says_whether_it_can_be_used_and_why_not()
    {
        Assert.Equal(CudaDriver.IsUsable, CudaDriver.Problem is null);
        Assert.Equal(CudaDriver.IsUsable, CudaDriver.DeviceCount > 0);
        if (!CudaDriver.IsUsable)
            Assert.Equal(CudaDriver.Problem, Assert.Throws<CudaException>(() => CudaDevice.Get(0)).Message);
    }

    [Theory]
    [InlineData(13000, "13.0")]
    [InlineData(12080, "12.8")]
    public void CUDA_counts_its_versions_in_thousands_and_tens(int number, string expected)
        => Assert.Equal(expected, CudaDriver.VersionOf(number).ToString());

    [Fact]
    public void Errors_of_memory_and_late_errors_come_with_advice()
    {
        Assert.Contains("micro_batch_size", CudaStatus.Advice(CudaStatus.OutOfMemory));
        Assert.Contains("CUDA_LAUNCH_BLOCKING=1", CudaStatus.Advice(CudaStatus.IllegalAddress));
        Assert.Empty(CudaStatus.Advice(1));
        Assert.Contains("700", CudaStatus.Describe(CudaStatus.IllegalAddress));
        Assert.StartsWith("cuEventQuery failed: ", Assert.Throws<CudaException>(() => CudaStatus.Check(CudaStatus.IllegalAddress, "cuEventQuery")).Message);
    }

    [Fact]
    public void NVRTC_is_looked_for_beside_PyTorch_then_on_the_path_then_by_name()
    {
        using var folder = new TemporaryFolder();
        string[] made =
        [
            Make("named/libnvrtc.so.12"),
            Make("site-packages/nvidia/cu13/lib/libnvrtc.so.13"),
            Make("elsewhere/libnvrtc.so.12"),
        ];
        Make("site-packages/nvidia/cu13/lib/libnvrtc-builtins.so.13.0");
        Make("site-packages/nvidia/cu13/lib/libnvrtc.alt.so.13");
        Make("site-packages/torch/lib/libtorch_cpu.so");
        var found = NvrtcLibrary.Candidates(folder.File("named"), folder.File("site-packages/torch/lib"), $"/absent:{folder.File("elsewhere")}").ToList();
        Assert.Equal(made, found.Where(f => f.StartsWith(folder.Path, StringComparison.Ordinal)));
        Assert.Equal(["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"], found[^3..]);

        string Make(string file)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.File(file))!);
            return folder.Write(file, "");
        }
    }

    [Fact]
    public void A_loaded_library_is_found_in_the_map_of_memory()
    {
        string[] maps =
        [
            "7f00-7f10 r-xp 00000000 00:01 5    /usr/lib/libc.so.6",
            "7f10-7f20 rw-p 00000000 00:00 0",
            "7f20-7f30 r-xp 00000000 00:01 6    /opt/nvidia/cudnn/lib/libcudnn.so.9",
        ];
        Assert.Equal("/opt/nvidia/cudnn/lib/libcudnn.so.9", LoadedLibraries.FindIn(maps, "libcudnn.so"));
        Assert.Null(LoadedLibraries.FindIn(maps, "libnccl.so"));
    }

    [Fact]
    public void Running_out_of_device_memory_is_recognized()
    {
        Assert.True(DeviceMemory.IsExhausted(new System.Runtime.InteropServices.ExternalException("CUDA out of memory. Tried to allocate 2.00 GiB.")));
        Assert.True(DeviceMemory.IsExhausted(new CudaException("cuMemHostAlloc failed", 2)));
        Assert.False(DeviceMemory.IsExhausted(new CudaException("cuLaunchKernel failed", 1)));
        Assert.False(DeviceMemory.IsExhausted(new InvalidOperationException("shapes differ")));
    }
}
