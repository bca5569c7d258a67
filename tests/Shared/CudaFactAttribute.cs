using Neoteny.Runtime.Native;

namespace Neoteny.Tests;

/// <summary>A test that needs a CUDA device; skipped with a reason where there is none. <c>eng/gpu-test.sh</c> runs them on a GPU host.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CudaFactAttribute : FactAttribute
{
    public CudaFactAttribute()
    {
        LibTorch.Load();
        if (!LibTorch.HasCuda || !TorchSharp.torch.cuda.is_available())
            Skip = "needs a CUDA device and a libtorch with CUDA; eng/gpu-test.sh runs it on a GPU host";
    }
}
