namespace Neoteny.ExampleData.Instructions;

/// <summary>One row of a data set of type <c>alpaca</c>.</summary>
/// <param name="Instruction">The question or task.</param>
/// <param name="Input">Further input; empty in this data.</param>
/// <param name="Output">The answer.</param>
internal sealed record AlpacaRow(string Instruction, string Input, string Output);
