using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cuda.Products;

/// <summary>
/// Large products of 16-bit matrices through cuBLASLt, with the algorithm that is the fastest of those it suggests, found by timing the first uses of each shape. libtorch takes the
/// first suggestion, which for sums into fp32 needs up to a third longer.
/// </summary>
/// <remarks>Which algorithm wins can differ from run to run, and with it the order of sums in fp32: in libtorch's deterministic mode nothing is tried.</remarks>
internal static class TriedProducts
{
    /// <summary>Smaller products are over before a choice pays.</summary>
    private const double FewestOperations = 5e10;
    private const int WorkspaceBytes = 32 << 20;
    private const int MostPlans = 1024;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<ProductShape, ProductPlan?> Plans = [];
    private static readonly Dictionary<int, nint> Handles = [];
    private static readonly Dictionary<(int Device, nint Stream), Tensor> Workspaces = [];

    /// <summary><c>left right</c> in the factors' dtype, a new tensor; null where libtorch must do it.</summary>
    /// <param name="left_MK">Left factor.</param>
    /// <param name="right">Right factor <c>[K, N]</c>.</param>
    /// <param name="transposes">Whether the right factor is given as <c>[N, K]</c>.</param>
    public static Tensor? TryMake(Tensor left_MK, Tensor right, bool transposes)
    {
        var columns = right.size(transposes ? 0 : 1);
        if (!Takes(left_MK, columns))
            return null;
        using var turned = transposes ? right.t() : null;
        var result_MN = empty(left_MK.size(0), columns, dtype: left_MK.dtype, device: left_MK.device);
        if (Run(result_MN, left_MK, turned ?? right, adds: false))
            return result_MN;
        result_MN.Dispose();
        return null;
    }

    /// <summary><c>result = left right</c>, or <c>result += left right</c>, on libtorch's current stream.</summary>
    /// <returns>False where libtorch must do it; the result is untouched then.</returns>
    public static bool TryRun(Tensor result_MN, Tensor left_MK, Tensor right_KN, bool adds)
        => Takes(left_MK, right_KN.size(1)) && Run(result_MN, left_MK, right_KN, adds);

    /// <summary>Whether a product with so many columns is large, lies on a CUDA device, and may be tried.</summary>
    private static bool Takes(Tensor left_MK, long columns)
        => left_MK.device_type == TorchSharp.DeviceType.CUDA && left_MK.dim() == 2 && 2.0 * left_MK.numel() * columns >= FewestOperations && CublasLt.IsPresent && !Determinism.IsOn;

    private static bool Run(Tensor result_MN, Tensor left_MK, Tensor right_KN, bool adds)
    {
        if (ProductShape.Of(result_MN, left_MK, right_KN, adds) is not { } shape)
            return false;
        var device = CudaDevice.Get(shape.Device);
        device.Bind();
        lock (Gate)
        {
            if (Handle(shape.Device) is not (not 0 and var library))
                return false;
            if (!Plans.TryGetValue(shape, out var plan))
            {
                // Shapes that change with every batch must not gather for ever; the library keeps what it has on them.
                if (Plans.Count == MostPlans)
                    return false;
                Plans[shape] = plan = ProductPlan.Make(library, shape, WorkspaceBytes);
            }

            return plan is not null && plan.Run(library, result_MN, left_MK, right_KN, Workspace(device));
        }
    }

    private static unsafe nint Handle(int device)
    {
        if (!Handles.TryGetValue(device, out var handle))
            Handles[device] = handle = CublasLt.Create(&handle) == 0 ? handle : 0;
        return handle;
    }

    private static Tensor Workspace(CudaDevice device)
    {
        var stream = CudaStream.Current(device);
        if (!Workspaces.TryGetValue((device.Index, stream), out var workspace))
            Workspaces[(device.Index, stream)] = workspace = empty(WorkspaceBytes, dtype: ScalarType.Byte, device: new Device(TorchSharp.DeviceType.CUDA, device.Index)).DetachFromDisposeScope();
        return workspace;
    }
}
