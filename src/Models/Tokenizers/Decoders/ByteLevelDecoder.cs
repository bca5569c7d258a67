using System.Text;
using Neoteny.Models.Tokenizers.Algorithms;

namespace Neoteny.Models.Tokenizers.Decoders;

/// <summary>Reads GPT-2's alphabet back into bytes. A token with any other character stands for its own UTF-8.</summary>
internal sealed class ByteLevelDecoder : IDecoder
{
    public List<string> Apply(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens)
            Append(token, bytes);
        return [Encoding.UTF8.GetString([.. bytes])];
    }

    private static void Append(string token, List<byte> bytes)
    {
        var start = bytes.Count;
        foreach (var character in token)
        {
            if (ByteAlphabet.TryByteOf(character, out var value))
            {
                bytes.Add(value);
                continue;
            }

            bytes.RemoveRange(start, bytes.Count - start);
            bytes.AddRange(Encoding.UTF8.GetBytes(token));
            return;
        }
    }
}
