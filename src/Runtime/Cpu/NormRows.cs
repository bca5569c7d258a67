using System.Runtime.CompilerServices;

namespace Neoteny.Runtime.Cpu;

/// <summary>What the rows of one norm share, and the work of one row. Pointers are null for what a norm lacks.</summary>
internal readonly unsafe struct NormRows
{
    public required int Columns { get; init; }

    public float Epsilon { get; init; }

    public float Offset { get; init; }

    public required float* Weight { get; init; }

    public float* Bias { get; init; }

    public required float* Inverse { get; init; }

    /// <summary>Means of the rows: of centered norms only.</summary>
    public float* Mean { get; init; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Forward<T>(long row, float* x, float* residual, float* sum, float* y)
        where T : struct, ILanes<T>
    {
        int n = Columns, whole = n - (n % T.Count);
        x += row * n;
        y += row * n;
        if (residual is not null)
        {
            sum += row * n;
            Join<T>(x, residual + (row * n), sum, n);
            x = sum;
        }

        var mean = 0f;
        if (Mean is not null)
        {
            Mean[row] = mean = Total<T>(x, n) / n;
        }

        var inverse = 1 / MathF.Sqrt((Squares<T>(x, n, mean) / n) + Epsilon);
        Inverse[row] = inverse;
        var (scale, shift, offset) = (T.Of(inverse), T.Of(mean), T.Of(Offset));
        for (var i = 0; i < whole; i += T.Count)
        {
            var value = (T.Load(x + i) - shift) * scale * (T.Load(Weight + i) + offset);
            (Bias is null ? value : value + T.Load(Bias + i)).Store(y + i);
        }

        for (var i = whole; i < n; i++)
        {
            y[i] = ((x[i] - mean) * inverse * (Weight[i] + Offset)) + (Bias is null ? 0 : Bias[i]);
        }
    }

    /// <summary><c>dx = r (g - mean(g n) n - mean(g)) + added</c> with <c>n = (x - mean) r</c> and <c>g = dy (w + offset)</c>; the last mean only where centered.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Backward<T>(long row, float* dy, float* x, float* added, float* dx, float* dw, float* db)
        where T : struct, ILanes<T>
    {
        int n = Columns, whole = n - (n % T.Count);
        dy += row * n;
        x += row * n;
        dx += row * n;
        added = added is null ? null : added + (row * n);
        var (inverse, mean) = (Inverse[row], Mean is null ? 0 : Mean[row]);
        var (dot, total) = Sums<T>(dy, x, mean);
        var along = dot * inverse * inverse * inverse / n;
        var level = Mean is null ? 0 : total * inverse / n;
        var (vr, vm, vo, va, vl) = (T.Of(inverse), T.Of(mean), T.Of(Offset), T.Of(along), T.Of(level));
        for (var i = 0; i < whole; i += T.Count)
        {
            var (d, c) = (T.Load(dy + i), T.Load(x + i) - vm);
            var value = (d * (T.Load(Weight + i) + vo) * vr) - (c * va) - vl;
            (added is null ? value : value + T.Load(added + i)).Store(dx + i);
            if (dw is not null)
            {
                T.MultiplyAdd(d, c * vr, T.Load(dw + i)).Store(dw + i);
            }

            if (db is not null)
            {
                (T.Load(db + i) + d).Store(db + i);
            }
        }

        for (var i = whole; i < n; i++)
        {
            var (d, c) = (dy[i], x[i] - mean);
            dx[i] = (d * (Weight[i] + Offset) * inverse) - (c * along) - level + (added is null ? 0 : added[i]);
            if (dw is not null)
            {
                dw[i] += d * c * inverse;
            }

            if (db is not null)
            {
                db[i] += d;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private (float Dot, float Total) Sums<T>(float* dy, float* x, float mean)
        where T : struct, ILanes<T>
    {
        int n = Columns, whole = n - (n % T.Count);
        var (dots, totals, vm, vo) = (T.Of(0), T.Of(0), T.Of(mean), T.Of(Offset));
        for (var i = 0; i < whole; i += T.Count)
        {
            var g = T.Load(dy + i) * (T.Load(Weight + i) + vo);
            dots = T.MultiplyAdd(g, T.Load(x + i) - vm, dots);
            totals += g;
        }

        var (dot, total) = (dots.Sum(), totals.Sum());
        for (var i = whole; i < n; i++)
        {
            var g = dy[i] * (Weight[i] + Offset);
            dot += g * (x[i] - mean);
            total += g;
        }

        return (dot, total);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Join<T>(float* a, float* b, float* sum, int n)
        where T : struct, ILanes<T>
    {
        var i = 0;
        for (; i <= n - T.Count; i += T.Count)
        {
            (T.Load(a + i) + T.Load(b + i)).Store(sum + i);
        }

        for (; i < n; i++)
        {
            sum[i] = a[i] + b[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Total<T>(float* x, int n)
        where T : struct, ILanes<T>
    {
        var sum = T.Of(0);
        var i = 0;
        for (; i <= n - T.Count; i += T.Count)
        {
            sum += T.Load(x + i);
        }

        var total = sum.Sum();
        for (; i < n; i++)
        {
            total += x[i];
        }

        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Squares<T>(float* x, int n, float mean)
        where T : struct, ILanes<T>
    {
        var (sum, shift) = (T.Of(0), T.Of(mean));
        var i = 0;
        for (; i <= n - T.Count; i += T.Count)
        {
            var c = T.Load(x + i) - shift;
            sum = T.MultiplyAdd(c, c, sum);
        }

        var total = sum.Sum();
        for (; i < n; i++)
        {
            total += (x[i] - mean) * (x[i] - mean);
        }

        return total;
    }
}
