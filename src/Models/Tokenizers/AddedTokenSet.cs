using System.Globalization;
using Neoteny.Models.Tokenizers.Algorithms;
using Neoteny.Models.Tokenizers.Json;

namespace Neoteny.Models.Tokenizers;

/// <summary>The added tokens: those of tokenizer.json, those that only tokenizer_config.json names, and every token with a role.</summary>
internal sealed class AddedTokenSet
{
    private readonly Dictionary<int, AddedToken> byId = [];
    private readonly Dictionary<string, AddedToken> byContent = new(StringComparer.Ordinal);

    public IReadOnlyCollection<AddedToken> Tokens => byId.Values;

    public static AddedTokenSet Read(JsonValue root, string folder, Vocabulary vocabulary, SpecialTokens special)
    {
        var set = new AddedTokenSet();
        if (root.Find("added_tokens") is { } list)
        {
            foreach (var item in list.Items())
                set.Add(AddedToken.Read(item, item.Get("id").Id(), normalizedOtherwise: true));
        }

        var config = Path.Combine(folder, "tokenizer_config.json");
        if (File.Exists(config))
            JsonFile.Read(config, set.AddFromConfig);
        set.AddRoles(vocabulary, special);
        return set;
    }

    public AddedToken? Find(int id) => byId.GetValueOrDefault(id);

    public AddedToken? Find(string content) => byContent.GetValueOrDefault(content);

    private bool AddFromConfig(JsonValue root)
    {
        if (root.Find("added_tokens_decoder") is not { } members)
            return false;
        foreach (var (name, value) in members.Members())
        {
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                throw value.Fail($"'{name}' is not a token id.");
            var token = AddedToken.Read(value, id, normalizedOtherwise: !value.Flag("special", false));
            if (!byContent.ContainsKey(token.Content))
                Add(token);
        }

        return true;
    }

    private void AddRoles(Vocabulary vocabulary, SpecialTokens special)
    {
        foreach (var content in special.InOrder.Where(content => content.Length > 0))
        {
            if (byContent.TryGetValue(content, out var known))
                Add(known with { Special = true });
            else
                Add(new AddedToken(vocabulary.IdOf(content) ?? NextId(vocabulary), content) { Special = true });
        }
    }

    private int NextId(Vocabulary vocabulary)
    {
        var last = byId.Keys.Append(vocabulary.Count - 1).Max();
        return last < int.MaxValue ? last + 1 : throw new InputException($"The tokenizer has an added token with id {last}: no id is left for others.");
    }

    private void Add(AddedToken token)
    {
        byId[token.Id] = token;
        byContent[token.Content] = token;
    }
}
