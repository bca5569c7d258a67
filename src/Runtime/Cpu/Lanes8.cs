using System.Runtime.Intrinsics;

namespace Neoteny.Runtime.Cpu;

/// <summary>Eight numbers: AVX2.</summary>
internal readonly unsafe struct Lanes8(Vector256<float> v) : ILanes<Lanes8>
{
    private readonly Vector256<float> v = v;

    public static int Count => 8;

    public static Lanes8 Load(float* from) => new(Vector256.Load(from));

    public static Lanes8 Of(float value) => new(Vector256.Create(value));

    public static Lanes8 operator +(Lanes8 a, Lanes8 b) => new(a.v + b.v);

    public static Lanes8 operator -(Lanes8 a, Lanes8 b) => new(a.v - b.v);

    public static Lanes8 operator *(Lanes8 a, Lanes8 b) => new(a.v * b.v);

    public static Lanes8 operator /(Lanes8 a, Lanes8 b) => new(a.v / b.v);

    public static Lanes8 MultiplyAdd(Lanes8 a, Lanes8 b, Lanes8 c) => new(Vector256.MultiplyAddEstimate(a.v, b.v, c.v));

    public static Lanes8 Max(Lanes8 a, Lanes8 b) => new(Vector256.MaxNative(a.v, b.v));

    public static Lanes8 Min(Lanes8 a, Lanes8 b) => new(Vector256.MinNative(a.v, b.v));

    public static Lanes8 Round(Lanes8 x) => new(Vector256.Round(x.v));

    public static Lanes8 Scale(Lanes8 x, Lanes8 n) => new((x.v.AsInt32() + (Vector256.ConvertToInt32Native(n.v) << 23)).AsSingle());

    public static Lanes8 Log(Lanes8 x) => new(Vector256.Log(x.v));

    public static Lanes8 IfNegative(Lanes8 x, Lanes8 yes, Lanes8 no) => new(Vector256.ConditionalSelect(Vector256.LessThan(x.v, Vector256<float>.Zero), yes.v, no.v));

    public void Store(float* to) => v.Store(to);

    public void StoreAround(float* to) => v.StoreAlignedNonTemporal(to);

    public float Sum() => Vector256.Sum(v);

    public float Max()
    {
        var most = v[0];
        for (var i = 1; i < Count; i++)
        {
            most = MathF.Max(most, v[i]);
        }

        return most;
    }
}
