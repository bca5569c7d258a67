namespace Neoteny.Benchmarks.Steps;

/// <summary>A model with its optimizer.</summary>
internal interface IStep : IDisposable
{
    /// <summary>Makes one training step.</summary>
    /// <param name="row">Which of the rows of the case.</param>
    /// <returns>The loss before the update, averaged over trained tokens.</returns>
    double Run(int row);
}
