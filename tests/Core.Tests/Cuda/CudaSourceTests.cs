using Neoteny.Runtime.Cuda;
using Neoteny.Tests;

namespace Neoteny.Core.Tests.Cuda;

public class CudaSourceTests
{
    [Fact]
    public void A_file_next_to_a_class_is_found_by_the_class()
    {
        var source = CudaSource.Beside(typeof(CudaSourceTests));
        Assert.Equal("CudaSourceTests.cu", source.Name);
        Assert.Contains("extern \"C\" __global__ void", source.Text);
    }

    [Fact]
    public void A_missing_file_is_named_with_those_that_are_there()
    {
        var error = Assert.Throws<InvalidOperationException>(() => CudaSource.Beside(typeof(TestDevice)));
        Assert.Equal("Neoteny.Core.Tests has no embedded file TestDevice.cu (embedded: CudaSourceTests.cu). Put it next to its class; plugin projects embed every *.cu.", error.Message);
    }

    [Fact]
    public void A_request_carries_options_macros_the_common_header_and_the_architecture()
    {
        var source = new CudaSource("Rope.cu", "text") { IsArchitectureSpecific = true }.With("HEAD_SIZE", 128).With("CAUSAL", "true");
        Assert.True(source.IsArchitectureSpecific);
        var request = source.Request(CudaArchitecture.Of(new Version(9, 0), source.IsArchitectureSpecific));
        Assert.Equal(["--std=c++17", "--use_fast_math", "-DHEAD_SIZE=128", "-DCAUSAL=true"], request.Options);
        Assert.Equal("sm_90a", request.Architecture.Name);
        Assert.Equal("neoteny.cuh", Assert.Single(request.Headers).Key);
        Assert.Contains("struct bf16", request.Headers[0].Value);
    }

    [Fact]
    public void Debug_builds_are_chosen_by_a_variable()
    {
        Assert.Empty(CudaSource.DebugOptions(null));
        Assert.Equal(["--generate-line-info"], CudaSource.DebugOptions("line"));
        Assert.Equal(["--device-debug"], CudaSource.DebugOptions("full"));
        Assert.Equal("NEOTENY_CUDA_DEBUG is 'yes'. Use 'line' (line information) or 'full' (no optimization, debug information), or unset it.",
            Assert.Throws<InputException>(() => CudaSource.DebugOptions("yes")).Message);
    }

    [Theory]
    [InlineData("9.0", false, "sm_90")]
    [InlineData("9.0", true, "sm_90a")]
    [InlineData("10.0", true, "sm_100a")]
    [InlineData("8.6", false, "sm_86")]
    public void The_architecture_is_the_devices(string capability, bool specific, string expected)
        => Assert.Equal(expected, CudaArchitecture.Of(Version.Parse(capability), specific).Name);

    [Fact]
    public void A_kernel_for_Hopper_is_refused_on_an_older_device()
        => Assert.Equal("The kernel needs a GPU of compute capability 9.0 (Hopper) or later; this one has 8.0. Choose another implementation.",
            Assert.Throws<InputException>(() => CudaArchitecture.Of(new Version(8, 0), specific: true)).Message);

    [Fact]
    public void A_failed_compilation_shows_file_architecture_options_and_log()
    {
        var request = new KernelRequest("Rope.cu", "", [], ["-DN=1"], new CudaArchitecture(9, 0, true));
        Assert.Equal("Rope.cu does not compile for sm_90a with NVRTC 13.0 (NVRTC_ERROR_COMPILATION; options: -DN=1):\nRope.cu(3): error: expected a \";\"",
            CompilationMessage.Of(request, "13.0", "NVRTC_ERROR_COMPILATION", "Rope.cu(3): error: expected a \";\""));
    }

    [Fact]
    public void A_launch_shape_counts_blocks_and_describes_itself()
    {
        Assert.Equal(4, LaunchShape.Over(1000, 256).GridX);
        Assert.Equal(0, LaunchShape.Over(0, 256).GridX);
        Assert.Equal("grid 3x2x1, block 128x1x1, 1024 bytes of dynamic shared memory", new LaunchShape(3, 128) { GridY = 2, SharedBytes = 1024 }.ToString());
    }

    [Fact]
    public void A_kernel_without_tensors_needs_a_stream()
        => Assert.StartsWith("A kernel without a tensor among its arguments needs a stream to run on.",
            Assert.Throws<ArgumentException>(() => new CudaSource("a.cu", "").Kernel("a").Launch(new LaunchShape(1, 1), 3, 4f)).Message);
}
