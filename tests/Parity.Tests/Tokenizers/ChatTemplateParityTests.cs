using System.Text.Json;
using Neoteny.Models.ChatTemplates;

namespace Neoteny.Parity.Tests.Tokenizers;

public class ChatTemplateParityTests
{
    public static TheoryData<string> Names => [.. FixtureFolders.Tokenizers];

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Conversations_have_the_text_and_ids_of_the_reference(string name)
    {
        var given = TokenizerCase.Open(name);
        var chats = given.List("chats").ToList();
        Skip.If(chats.Count == 0, $"tokenizers/{name} has no chats.");
        var template = ChatTemplate.Load(given.Folder);
        foreach (var chat in chats)
        {
            var text = template.Render(Messages(chat), Prompted(chat));
            Assert.Equal(chat.GetProperty("text").GetString(), text);
            Assert.Equal(chat.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()), given.Loaded.Encode(text, addSpecialTokens: false));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Conversations_that_the_template_refuses_end_in_its_message(string name)
    {
        var given = TokenizerCase.Open(name);
        var template = given.List("chats").Any() ? ChatTemplate.Load(given.Folder) : null;
        foreach (var chat in given.List("chat_errors"))
        {
            var error = Assert.Throws<InputException>(() => template!.Render(Messages(chat), Prompted(chat)));
            Assert.EndsWith(chat.GetProperty("error").GetString()!, error.Message);
        }
    }

    private static List<ChatMessage> Messages(JsonElement chat) =>
        [.. chat.GetProperty("messages").EnumerateArray().Select(ChatMessage.Read)];

    private static bool Prompted(JsonElement chat) =>
        chat.TryGetProperty("add_generation_prompt", out var flag) && flag.GetBoolean();
}
