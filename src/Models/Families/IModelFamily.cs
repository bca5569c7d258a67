using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Describes the models of one <c>model_type</c>: configuration in, decoder description out.</summary>
public interface IModelFamily
{
    /// <summary>The <c>model_type</c> in config.json.</summary>
    string ModelType { get; }

    /// <summary>Describes one model.</summary>
    /// <exception cref="InputException">The configuration lacks a key, or asks for something the family does not have.</exception>
    DecoderSpec Describe(HuggingFaceConfig config);
}
