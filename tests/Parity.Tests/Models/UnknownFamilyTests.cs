using Neoteny.Models.Configuration;
using Neoteny.Models.Families;
using Neoteny.Models.Loading;

namespace Neoteny.Parity.Tests.Models;

public sealed class UnknownFamilyTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("neoteny-unknown-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    [InlineData("gemma2")]
    [InlineData("mixtral")]
    [InlineData("gpt_oss")]
    [InlineData("deepseek_v3")]
    public void The_nearest_family_has_the_most_tensors_in_common(string name)
    {
        Copy(name, "novel");
        foreach (var file in Directory.GetFiles(FixtureFolders.Own("models", name), "model*"))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        var error = Assert.Throws<InputException>(() => ModelLoader.Load(folder));
        var count = ModelLoader.Describe(FixtureFolders.Own("models", name)).BaseParameters.Sum(p => p.Parts.Count);
        Assert.Equal($"{Path.Combine(folder, "config.json")}: model_type 'novel' is not supported. Supported: {Known}. The nearest in structure is '{name}': it has {count} of "
            + $"the checkpoint's {count} tensors. If it computes the same, load it as overrides_of_model_config: {{ model_type: {name} }}; otherwise "
            + "docs/extending/model-family.md says how to add it.", error.Message);
        using var model = ModelLoader.Load(folder, new ModelLoadOptions { Overrides = new Dictionary<string, object?> { ["model_type"] = name } });
        Assert.Equal(count, model.BaseParameters.Sum(p => p.Parts.Count));
    }

    [Theory]
    [InlineData("gemma2")]
    [InlineData("qwen2")]
    public void Without_weights_the_keys_of_the_configuration_decide(string name)
    {
        Copy(name, "novel");
        var error = Assert.Throws<InputException>(() => ModelLoader.Describe(folder));
        Assert.Matches($"The nearest in structure is '{name}': it reads [0-9]+ of the file's [0-9]+ keys\\.", error.Message);
    }

    [Fact]
    public void A_configuration_that_no_family_can_read_has_no_nearest()
        => Assert.Equal($"c: model_type 'novel' is not supported. Supported: {Known}.",
            Assert.Throws<InputException>(() => ModelFamilies.Of(HuggingFaceConfig.Parse("""{"model_type": "novel"}""", "c"))).Message);

    [Fact]
    public void A_model_of_images_and_text_says_where_its_text_model_is()
        => Assert.Equal("c: model_type 'gemma3' is a model of text and something else, for instance images; only text models are supported. Its text model is described in "
            + $"'text_config'; save that and its weights in a folder of their own, or load a text-only checkpoint. Supported: {Known}.",
            Assert.Throws<InputException>(() => ModelFamilies.Of(HuggingFaceConfig.Parse("""{"model_type": "gemma3", "text_config": {"model_type": "gemma3_text"}}""", "c"))).Message);

    private static string Known => string.Join(", ", ModelFamilies.All.Select(f => f.ModelType));

    private void Copy(string name, string type)
        => File.WriteAllText(Path.Combine(folder, "config.json"), HuggingFaceConfig.Open(FixtureFolders.Own("models", name)).With("model_type", type).ToJson());
}
