namespace Neoteny.Training.Loop;

/// <summary>One evaluation, as observers see it.</summary>
/// <param name="Step">Steps done; 0 before the first.</param>
/// <param name="Epoch">Epochs passed.</param>
/// <param name="Outcome">What it gave.</param>
public sealed record EvaluationReport(int Step, double Epoch, EvaluationOutcome Outcome);
