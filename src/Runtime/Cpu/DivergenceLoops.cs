using System.Runtime.Intrinsics;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cpu;

/// <summary>Divergences between fp32 logits in CPU memory.</summary>
internal static unsafe class DivergenceLoops
{
    public static bool Handles(Tensor student_TV, Tensor teacher_TV) => TensorData.IsDenseFloat(student_TV) && TensorData.IsDenseFloat(teacher_TV);

    public static void Forward(Tensor student_TV, Tensor teacher_TV, Tensor losses_T, Tensor statistics_T3, DivergenceTerms terms)
    {
        var columns = student_TV.size(1);
        float* ps = Pointer(student_TV), pt = Pointer(teacher_TV), pl = Pointer(losses_T), pn = Pointer(statistics_T3);
        var call = new DivergenceRow((int)columns, terms);
        RowLoop.Run(student_TV.size(0), columns, (from, to, _) =>
        {
            for (var t = from; t < to; t++)
            {
                pl[t] = Vector512.IsHardwareAccelerated
                    ? call.Forward<Lanes16>(ps + (t * columns), pt + (t * columns), pn + (3 * t))
                    : call.Forward<Lanes8>(ps + (t * columns), pt + (t * columns), pn + (3 * t));
            }
        });
        GC.KeepAlive(student_TV);
        GC.KeepAlive(teacher_TV);
        GC.KeepAlive(losses_T);
        GC.KeepAlive(statistics_T3);
    }

    public static void Backward(Tensor student_TV, Tensor teacher_TV, Tensor statistics_T3, Tensor factors_T, Tensor gradient_TV, DivergenceTerms terms)
    {
        var columns = student_TV.size(1);
        float* ps = Pointer(student_TV), pt = Pointer(teacher_TV), pn = Pointer(statistics_T3), pf = Pointer(factors_T), pg = Pointer(gradient_TV);
        var call = new DivergenceRow((int)columns, terms);
        RowLoop.Run(student_TV.size(0), columns, (from, to, _) =>
        {
            for (var t = from; t < to; t++)
            {
                if (Vector512.IsHardwareAccelerated)
                    call.Backward<Lanes16>(ps + (t * columns), pt + (t * columns), pn + (3 * t), pf[t], pg + (t * columns));
                else
                    call.Backward<Lanes8>(ps + (t * columns), pt + (t * columns), pn + (3 * t), pf[t], pg + (t * columns));
            }
        });
        GC.KeepAlive(student_TV);
        GC.KeepAlive(teacher_TV);
        GC.KeepAlive(statistics_T3);
        GC.KeepAlive(factors_T);
        GC.KeepAlive(gradient_TV);
    }

    private static float* Pointer(Tensor tensor) => (float*)TensorData.Pointer(tensor);
}
