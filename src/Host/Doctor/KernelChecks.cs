using Neoteny.Runtime;
using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Host.Doctor;

/// <summary>Runs one tiny kernel of each kind and compares what it computes.</summary>
internal sealed class KernelChecks
{
    private const string Add = """
        extern "C" __global__ void add(const float* a, const float* b, float* c, int n) {
            int i = blockIdx.x * blockDim.x + threadIdx.x;
            if (i < n) c[i] = a[i] + b[i];
        }
        """;

    private static readonly AtenScript Script = new("""
        def twice(x):
            return torch.add(x, x)

        def attention(q, k, v):
            return torch._scaled_dot_product_cudnn_attention(q, k, v, None, True, 0.0, True, False)[0]
        """);

    private readonly List<CheckResult> results = [];

    /// <summary>Runs all checks; none of them throws.</summary>
    public static IReadOnlyList<CheckResult> Run()
    {
        var checks = new KernelChecks();
        checks.RunAll();
        return checks.results;
    }

    private void RunAll()
    {
        if (!Try("libtorch loads", () => { LibTorch.Load(); return LibTorch.Version!; }))
            return;
        Try("operator on the CPU", () => Expect(MatrixProduct(CPU)));
        Try("TorchScript on the CPU", () => Expect(Doubled(CPU)));
        string[] device = ["operator on CUDA", "TorchScript on CUDA", "NVRTC kernel", "cuDNN attention"];
        if (DeviceProblem.Of(0) is { } problem)
        {
            // Without a GPU there is nothing to mend; with one that cannot be used there is.
            var state = CudaDriver.IsUsable && LibTorch.HasCuda ? CheckState.Failed : CheckState.Skipped;
            results.AddRange(device.Select(name => new CheckResult(name, state, problem)));
            return;
        }

        Func<string>[] bodies = [() => Expect(MatrixProduct(CUDA)), () => Expect(Doubled(CUDA)), RuntimeKernel, CuDnnAttention];
        foreach (var (name, body) in device.Zip(bodies))
            Try(name, body);
    }

    private bool Try(string name, Func<string> check)
    {
        try
        {
            results.Add(new CheckResult(name, CheckState.Ok, check()));
            return true;
        }
        catch (Exception e)
        {
            results.Add(new CheckResult(name, CheckState.Failed, e.Message.ReplaceLineEndings(" ")));
            return false;
        }
    }

    private static string Expect(bool isRight) => isRight ? "" : throw new NeotenyException("it computes a wrong result");

    private static bool MatrixProduct(Device device)
    {
        using var scope = NewDisposeScope();
        return ones(3, 4, device: device).mm(ones(4, 2, device: device)).sum().item<float>() == 24;
    }

    private static bool Doubled(Device device)
    {
        using var scope = NewDisposeScope();
        return Script.Call("twice", ones(5, device: device)).sum().item<float>() == 10;
    }

    private static string RuntimeKernel()
    {
        using var scope = NewDisposeScope();
        const int count = 1000;
        var (a, c) = (arange(Scalars.Of((long)count), dtype: ScalarType.Float32, device: CUDA), zeros(count, device: CUDA));
        new CudaSource("doctor.cu", Add).Kernel("add").Launch(LaunchShape.Over(count, 256), a, a, c, count);
        return Expect(c.sum().item<float>() == count * (count - 1));
    }

    private static string CuDnnAttention()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var q = randn([1, 2, 64, 64], dtype: ScalarType.BFloat16, device: CUDA);
        var fused = Script.Call("attention", q, q, q).to(ScalarType.Float32);
        var wide = q.to(ScalarType.Float32);
        var plain = nn.functional.scaled_dot_product_attention(wide, wide, wide, is_casual: true);
        var difference = fused.sub(plain).abs().max().item<float>();
        return difference < 0.05 ? "" : throw new NeotenyException(FormattableString.Invariant($"it is off by {difference:g3}"));
    }
}
