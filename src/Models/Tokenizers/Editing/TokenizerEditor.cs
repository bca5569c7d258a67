using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Neoteny.Models.Tokenizers.Editing;

/// <summary>Writes a tokenizer's files with other tokens.</summary>
public static class TokenizerEditor
{
    private static readonly JsonSerializerOptions Writing = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Copies the files of a tokenizer and changes its tokens. New ones get the ids behind the last one.</summary>
    /// <param name="source">The tokenizer's folder.</param>
    /// <param name="target">An empty folder.</param>
    /// <param name="changes">What is to be different; what is so already stays as it is.</param>
    /// <returns>The tokens that had no id before, in the order of their ids.</returns>
    /// <exception cref="InputException">The folder holds no valid tokenizer, or a replaced token is not there.</exception>
    public static IReadOnlyList<string> Apply(string source, string target, TokenChanges changes)
    {
        var before = Tokenizer.Load(source);
        TokenizerFiles.Copy(source, target);
        var files = new EditedFiles(target);
        foreach (var (id, content) in changes.Replaced)
        {
            files.Replace(id, content, before);
        }

        var added = new List<string>();
        var next = before.AddedIds.Append(before.VocabularySize - 1).Max() + 1;
        foreach (var content in changes.Roles.Values.Concat(changes.SpecialTokens))
        {
            Add(content, special: true);
        }

        foreach (var content in changes.Tokens)
        {
            Add(content, special: false);
        }

        foreach (var (role, content) in changes.Roles)
        {
            files.SetRole(role, content, before);
        }

        files.ListSpecialTokens(changes.SpecialTokens);
        files.Write(Writing);
        return added;

        void Add(string content, bool special)
        {
            var known = changes.Replaced.FirstOrDefault(r => r.Value == content) is { Value: not null } replaced ? replaced.Key : files.IdOf(content) ?? before.IdOf(content);
            if (known is null)
            {
                added.Add(content);
            }

            files.Add(known ?? next++, content, special);
        }
    }

    /// <summary>An id as JSON spells keys.</summary>
    internal static string Key(int id) => id.ToString(CultureInfo.InvariantCulture);
}
