using Neoteny.Runtime.Cpu;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cuda.Products;

/// <summary>A product's description for the library, and the algorithms among which the fastest is found.</summary>
internal sealed unsafe class ProductPlan
{
    private const int MostAlgorithms = 8;

    private readonly CudaDevice device;
    private readonly nint description;
    private readonly nint first;
    private readonly nint second;
    private readonly nint result;
    private readonly bool adds;
    private readonly ProductAlgorithm[] algorithms;
    private readonly AlgorithmTrial trial;
    private readonly Queue<(CudaEvent Start, CudaEvent End, bool IsTaken)> running = new();

    private ProductPlan(ProductShape shape, nint description, nint first, nint second, nint result, ProductAlgorithm[] algorithms)
    {
        (device, adds) = (CudaDevice.Get(shape.Device), shape.Adds);
        (this.description, this.first, this.second, this.result, this.algorithms) = (description, first, second, result, algorithms);
        trial = new AlgorithmTrial(algorithms.Length);
    }

    /// <summary>Asks the library how a product can be computed; null where it cannot.</summary>
    /// <param name="library">The library's handle on the shape's device.</param>
    /// <param name="shape">The product.</param>
    /// <param name="workspaceBytes">The most that an algorithm may use.</param>
    public static ProductPlan? Make(nint library, ProductShape shape, nuint workspaceBytes)
    {
        // The library thinks in columns: a matrix by rows is its transpose by columns, so that D' = R' L'.
        nint description, first, second, result;
        if (CublasLt.CreateDescription(&description, CublasLt.Number.ComputeFloat32, CublasLt.Number.Float32) != 0
            || !Transpose(description, CublasLt.Number.TransposeFirst, shape.Right.IsTransposed) || !Transpose(description, CublasLt.Number.TransposeSecond, shape.Left.IsTransposed)
            || !Layout(&first, shape.Factors, shape.Right, shape.K, shape.N) || !Layout(&second, shape.Factors, shape.Left, shape.M, shape.K)
            || !Layout(&result, shape.Result, new ProductShape.Lie(shape.ResultStride, false), shape.M, shape.N))
        {
            return null;
        }

        var found = stackalloc ProductAlgorithm[MostAlgorithms];
        var count = Suggest(library, description, first, second, result, shape.Alignment, workspaceBytes, found);
        return count == 0 ? null : new ProductPlan(shape, description, first, second, result, [.. new Span<ProductAlgorithm>(found, count).ToArray().Where(a => a.State == 0)]);
    }

    /// <summary>Starts the product on libtorch's current stream.</summary>
    /// <returns>Whether the library took it; an algorithm that it refuses after all is not asked again.</returns>
    public bool Run(nint library, Tensor result_MN, Tensor left_MK, Tensor right_KN, Tensor workspace)
    {
        if (algorithms.Length == 0)
            return false;
        if (GraphCapture.IsCapturing)
            return Launch(library, algorithms[trial.Best], result_MN, left_MK, right_KN, workspace);
        Collect();
        var index = trial.Next(out var isTimed);
        if (!isTimed)
            return Launch(library, algorithms[index], result_MN, left_MK, right_KN, workspace);
        var (start, end) = (new CudaEvent(device, timing: true), new CudaEvent(device, timing: true));
        start.Record();
        var taken = Launch(library, algorithms[index], result_MN, left_MK, right_KN, workspace);
        end.Record();
        running.Enqueue((start, end, taken));
        return taken;
    }

    private bool Launch(nint library, in ProductAlgorithm algorithm, Tensor result_MN, Tensor left_MK, Tensor right_KN, Tensor workspace)
    {
        var (alpha, beta) = (1f, adds ? 1f : 0f);
        var to = TensorData.Pointer(result_MN);
        int status;
        fixed (ProductAlgorithm* chosen = &algorithm)
        {
            status = CublasLt.Multiply(
                library, description, &alpha, TensorData.Pointer(right_KN), first, TensorData.Pointer(left_MK), second, &beta, to, result, to, result, chosen,
                TensorData.Pointer(workspace), (nuint)workspace.numel(), CudaStream.Current(device));
        }

        GC.KeepAlive(result_MN);
        GC.KeepAlive(left_MK);
        GC.KeepAlive(right_KN);
        return status == 0;
    }

    /// <summary>Reports the times of what has ended, without waiting.</summary>
    private void Collect()
    {
        while (running.TryPeek(out var pair) && pair.End.HasHappened)
        {
            trial.Report(pair.IsTaken ? pair.End.MillisecondsSince(pair.Start) : double.PositiveInfinity);
            pair.Start.Dispose();
            pair.End.Dispose();
            running.Dequeue();
        }
    }

    private static int Suggest(nint library, nint description, nint first, nint second, nint result, int alignment, nuint workspaceBytes, ProductAlgorithm* found)
    {
        nint preference;
        if (CublasLt.CreatePreference(&preference) != 0)
            return 0;
        var schemes = (uint)CublasLt.Number.ReducesInFloat32;
        var wide = (uint)alignment;
        _ = CublasLt.SetPreference(preference, CublasLt.Number.WorkspaceBytes, &workspaceBytes, (nuint)sizeof(nuint));
        _ = CublasLt.SetPreference(preference, CublasLt.Number.ReductionSchemes, &schemes, sizeof(uint));
        for (var operand = CublasLt.Number.FirstAlignment; operand <= CublasLt.Number.LastAlignment; operand++)
            _ = CublasLt.SetPreference(preference, operand, &wide, sizeof(uint));
        int count;
        var status = CublasLt.Suggest(library, description, first, second, result, result, preference, MostAlgorithms, found, &count);
        _ = CublasLt.DestroyPreference(preference);
        return status == 0 ? count : 0;
    }

    private static bool Transpose(nint description, int which, bool isTransposed)
    {
        var value = isTransposed ? 1 : 0;
        return CublasLt.SetDescription(description, which, &value, sizeof(int)) == 0;
    }

    private static bool Layout(nint* made, ScalarType dtype, ProductShape.Lie lie, long rows, long columns)
    {
        var type = dtype switch
        {
            ScalarType.Float16 => CublasLt.Number.Float16,
            ScalarType.BFloat16 => CublasLt.Number.BFloat16,
            _ => CublasLt.Number.Float32,
        };
        return CublasLt.CreateLayout(made, type, (ulong)(lie.IsTransposed ? rows : columns), (ulong)(lie.IsTransposed ? columns : rows), lie.Stride) == 0;
    }
}
