namespace Neoteny.ExampleData;

/// <summary>A failure whose message tells the user what is wrong and what to do; shown without a stack trace.</summary>
/// <param name="message">The message.</param>
internal sealed class ExampleDataException(string message) : Exception(message);
