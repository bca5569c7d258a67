using System.Collections.Concurrent;
using Neoteny.Runtime.Cpu;
using Neoteny.Runtime.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators.Kernels;

// T tokens, V vocabulary

/// <summary>Divergences between logits on CUDA: two passes over both forward, one backward.</summary>
internal static class DivergenceKernels
{
    private const int Threads = 1024;
    private const int PackBytes = 16;

    private static readonly CudaSource Source = CudaSource.Beside(typeof(DivergenceKernels));
    private static readonly ConcurrentDictionary<(ScalarType, int), (CudaKernel Forward, CudaKernel Backward)> Sets = new();

    /// <summary>Whether the kernels take these logits: of one dtype, without gaps, alike in their alignment.</summary>
    public static bool Handles(Tensor student_TV, Tensor teacher_TV)
        => student_TV.device_type == DeviceType.CUDA && student_TV.dtype is ScalarType.BFloat16 or ScalarType.Float16 or ScalarType.Float32 && teacher_TV.dtype == student_TV.dtype
            && student_TV.is_contiguous() && teacher_TV.is_contiguous() && student_TV.numel() > 0
            && (TensorData.Pointer(student_TV) - TensorData.Pointer(teacher_TV)) % PackBytes == 0;

    public static void Forward(Tensor student_TV, Tensor teacher_TV, Tensor losses_T, Tensor statistics_T3, DivergenceTerms terms)
        => Of(student_TV, terms).Forward.Launch(
            new LaunchShape(student_TV.size(0), Threads), student_TV, teacher_TV, losses_T, statistics_T3, (int)student_TV.size(1), (float)(1 / terms.Temperature), (float)terms.Beta);

    public static void Backward(Tensor student_TV, Tensor teacher_TV, Tensor statistics_T3, Tensor factors_T, Tensor gradient_TV, DivergenceTerms terms)
        => Of(student_TV, terms).Backward.Launch(
            new LaunchShape(student_TV.size(0), Threads), student_TV, teacher_TV, statistics_T3, factors_T, gradient_TV, (int)student_TV.size(1), (float)(1 / terms.Temperature),
            (float)terms.Beta);

    private static (CudaKernel Forward, CudaKernel Backward) Of(Tensor x, DivergenceTerms terms)
        => Sets.GetOrAdd((x.dtype, terms.Kind), static key =>
        {
            var source = CudaPacks.Variant(Source, key.Item1).With("KIND", key.Item2);
            return (source.Kernel("divergence_forward"), source.Kernel("divergence_backward"));
        });
}
