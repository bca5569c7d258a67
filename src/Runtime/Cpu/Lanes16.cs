using System.Runtime.Intrinsics;

namespace Neoteny.Runtime.Cpu;

/// <summary>Sixteen numbers: AVX-512.</summary>
internal readonly unsafe struct Lanes16(Vector512<float> v) : ILanes<Lanes16>
{
    private readonly Vector512<float> v = v;

    public static int Count => 16;

    public static Lanes16 Load(float* from) => new(Vector512.Load(from));

    public static Lanes16 Of(float value) => new(Vector512.Create(value));

    public static Lanes16 operator +(Lanes16 a, Lanes16 b) => new(a.v + b.v);

    public static Lanes16 operator -(Lanes16 a, Lanes16 b) => new(a.v - b.v);

    public static Lanes16 operator *(Lanes16 a, Lanes16 b) => new(a.v * b.v);

    public static Lanes16 operator /(Lanes16 a, Lanes16 b) => new(a.v / b.v);

    public static Lanes16 MultiplyAdd(Lanes16 a, Lanes16 b, Lanes16 c) => new(Vector512.MultiplyAddEstimate(a.v, b.v, c.v));

    public static Lanes16 Max(Lanes16 a, Lanes16 b) => new(Vector512.MaxNative(a.v, b.v));

    public static Lanes16 Min(Lanes16 a, Lanes16 b) => new(Vector512.MinNative(a.v, b.v));

    public static Lanes16 Round(Lanes16 x) => new(Vector512.Round(x.v));

    public static Lanes16 Scale(Lanes16 x, Lanes16 n) => new((x.v.AsInt32() + (Vector512.ConvertToInt32Native(n.v) << 23)).AsSingle());

    public static Lanes16 Log(Lanes16 x) => new(Vector512.Log(x.v));

    public static Lanes16 IfNegative(Lanes16 x, Lanes16 yes, Lanes16 no) => new(Vector512.ConditionalSelect(Vector512.LessThan(x.v, Vector512<float>.Zero), yes.v, no.v));

    public void Store(float* to) => v.Store(to);

    public void StoreAround(float* to) => v.StoreAlignedNonTemporal(to);

    public float Sum() => Vector512.Sum(v);

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
