using CsCheck;
using Neoteny.Models.Generation;

namespace Neoteny.Core.Tests.Generation;

public class StopTextTests
{
    [Fact]
    public void Text_that_may_become_a_stop_string_is_held_back()
    {
        var stops = new StopText(["</s>", "END"]);
        Assert.Equal("a ", stops.Add("a <", false));
        Assert.Equal("</x", stops.Add("/x", false));
        Assert.Equal("y ", stops.Add("y E", false));
        Assert.Equal("", stops.Add("N", false));
        Assert.Equal("", stops.Add("D more", false));
        Assert.True(stops.IsFound);
        Assert.Equal("", stops.Add("z", true));
    }

    [Fact]
    public void The_end_gives_out_what_was_held()
    {
        var stops = new StopText(["END"]);
        Assert.Equal("", stops.Add("EN", false));
        Assert.Equal("ENx", stops.Add("x", true));
        Assert.False(stops.IsFound);
    }

    [Fact]
    public void Pieces_joined_are_the_text_before_the_first_complete_stop_string_however_it_was_cut()
        => Gen.Select(Gen.Char["ab<"].Array[0, 30], Gen.Int[1, 5].Array[0, 30], Gen.Char["ab<"].Array[1, 3].Array[0, 3]).Sample((letters, cuts, stopLetters) =>
        {
            var text = new string(letters);
            var stopStrings = stopLetters.Select(s => new string(s)).ToArray();
            var end = Enumerable.Range(1, text.Length).FirstOrDefault(e => stopStrings.Any(s => text[..e].EndsWith(s, StringComparison.Ordinal)), text.Length + 1);
            var first = end > text.Length ? text.Length : end - stopStrings.Where(s => text[..end].EndsWith(s, StringComparison.Ordinal)).Max(s => s.Length);
            var stops = new StopText(stopStrings);
            var (given, at) = ("", 0);
            foreach (var cut in cuts)
            {
                var piece = text[at..Math.Min(text.Length, at + cut)];
                at += piece.Length;
                given += stops.Add(piece, false);
            }

            given += stops.Add(text[at..], true);
            Assert.Equal(text[..first], given);
            Assert.Equal(end <= text.Length, stops.IsFound);
        });
}
