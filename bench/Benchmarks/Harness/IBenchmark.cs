namespace Neoteny.Benchmarks.Harness;

/// <summary>One benchmark of the command line.</summary>
internal interface IBenchmark
{
    /// <summary>Its name on the command line and of its files.</summary>
    string Name { get; }

    /// <summary>Samples of each measurement unless <c>--repeat</c> says otherwise.</summary>
    int DefaultRepeat { get; }

    /// <summary>Measures.</summary>
    /// <param name="repeat">Samples of each measurement.</param>
    Report Run(int repeat);
}
