using Neoteny.Runtime.Cpu;

namespace Neoteny.Core.Tests.Cpu;

public sealed unsafe class VectorMathTests
{
    [Fact]
    public void Functions_are_accurate_to_a_few_units_of_rounding()
    {
        Check<Lanes8>();
        Check<Lanes16>();
    }

    [Fact]
    public void Exponentials_of_what_is_not_a_number_are_not_numbers()
    {
        Assert.True(float.IsNaN(At<Lanes8>(float.NaN, VectorMath.Exp)));
        Assert.True(float.IsNaN(At<Lanes16>(float.NaN, VectorMath.Exp)));
        Assert.InRange(At<Lanes8>(-1e4f, VectorMath.Exp), 0, 2e-38f);
        Assert.InRange(At<Lanes8>(1e4f, VectorMath.Exp), 1e38f, float.MaxValue);
    }

    private static void Check<T>()
        where T : struct, ILanes<T>
    {
        var random = new Random(3);
        var worst = (Exp: 0.0, Sigmoid: 0.0, Tanh: 0.0, Normal: 0.0, Density: 0.0);
        for (var i = 0; i < 100_000; i++)
        {
            var x = (float)((random.NextDouble() * 60) - 50);
            var bounded = x / 8;
            worst.Exp = Math.Max(worst.Exp, Math.Abs((At<T>(x, VectorMath.Exp) / Math.Exp(x)) - 1));
            worst.Sigmoid = Math.Max(worst.Sigmoid, Math.Abs((At<T>(x, VectorMath.Sigmoid) * (1 + Math.Exp(-(double)x))) - 1));
            worst.Tanh = Math.Max(worst.Tanh, Math.Abs(At<T>(bounded, VectorMath.Tanh) - Math.Tanh(bounded)));
            worst.Normal = Math.Max(worst.Normal, Math.Abs(At<T>(bounded, static v => VectorMath.Normal(v).Value) - Normal(bounded)));
            worst.Density = Math.Max(worst.Density, Math.Abs(At<T>(bounded, static v => VectorMath.Normal(v).Density) - (Math.Exp(-0.5 * bounded * bounded) / Math.Sqrt(2 * Math.PI))));
        }

        Assert.True(
            worst is { Exp: < 2e-7, Sigmoid: < 3e-7, Tanh: < 2e-7, Normal: < 3e-7, Density: < 1e-7 },
            $"{typeof(T).Name}: {worst}");
    }

    private static float At<T>(float x, Func<T, T> function)
        where T : struct, ILanes<T>
    {
        var to = stackalloc float[T.Count];
        function(T.Of(x)).Store(to);
        return to[T.Count - 1];
    }

    /// <summary>The normal distribution by Simpson's rule from 0.</summary>
    private static double Normal(double x)
    {
        const int Steps = 200;
        var h = x / Steps;
        var sum = 1 + Math.Exp(-0.5 * x * x);
        for (var i = 1; i < Steps; i++)
        {
            sum += Math.Exp(-0.5 * i * h * i * h) * (i % 2 == 1 ? 4 : 2);
        }

        return 0.5 + (sum * h / 3 / Math.Sqrt(2 * Math.PI));
    }
}
