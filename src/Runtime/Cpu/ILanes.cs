namespace Neoteny.Runtime.Cpu;

/// <summary>Numbers that one instruction works on: loops written for it run with as many as the processor has.</summary>
/// <remarks>
/// Loops over short rows carry <c>AggressiveOptimization</c>: before the runtime compiles them a second time they would make a call for each of these operators.
/// Loops over a vocabulary do not: the runtime replaces them while they run, with code that is a third faster.
/// </remarks>
/// <typeparam name="TSelf">The implementing structure.</typeparam>
internal unsafe interface ILanes<TSelf>
    where TSelf : struct, ILanes<TSelf>
{
    /// <summary>How many.</summary>
    static abstract int Count { get; }

    static abstract TSelf Load(float* from);

    static abstract TSelf Of(float value);

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary><c>a * b + c</c>.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>The larger; where either is not a number, <paramref name="b"/>.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary>The smaller; where either is not a number, <paramref name="b"/>.</summary>
    static abstract TSelf Min(TSelf a, TSelf b);

    /// <summary>The nearest whole number.</summary>
    static abstract TSelf Round(TSelf x);

    /// <summary><c>x * 2^n</c> for whole n, within the range of normal numbers.</summary>
    static abstract TSelf Scale(TSelf x, TSelf n);

    /// <summary>The natural logarithm.</summary>
    static abstract TSelf Log(TSelf x);

    /// <summary>One of two by the sign of <paramref name="x"/>.</summary>
    static abstract TSelf IfNegative(TSelf x, TSelf yes, TSelf no);

    void Store(float* to);

    /// <summary>Stores past the caches, so that the line is not read first; at a multiple of the lanes' size only.</summary>
    void StoreAround(float* to);

    float Sum();

    float Max();
}
