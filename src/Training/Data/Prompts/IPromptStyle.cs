namespace Neoteny.Training.Data.Prompts;

/// <summary>Turns a record into tokenized documents, of any length.</summary>
internal interface IPromptStyle
{
    /// <exception cref="InputException">The record lacks a field, or a field has the wrong type.</exception>
    IEnumerable<Document> Encode(JsonRecord record);
}
