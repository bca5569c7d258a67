namespace Neoteny.TestRunner;

/// <summary>How many tests ended how.</summary>
internal sealed class Tally
{
    public int Passed { get; set; }

    public int Failed { get; set; }

    public int Skipped { get; set; }

    public double Seconds { get; set; }

    public void Add(Tally other)
    {
        Passed += other.Passed;
        Failed += other.Failed;
        Skipped += other.Skipped;
        Seconds += other.Seconds;
    }

    public override string ToString() => FormattableString.Invariant($"{Passed} passed, {Failed} failed, {Skipped} skipped ({Seconds:f1} s)");
}
