using Neoteny.Configuration;
using Neoteny.Plugins.CCE;

namespace Neoteny.Plugins.Tests.Losses;

public sealed class CceOptionsTests
{
    [Fact]
    public void A_filter_needs_the_two_passes() => Assert.Equal(
        [("FilterThreshold", "has no effect: only the two passes of cce_low_memory know which blocks are small before they compute them. Add cce_low_memory: true, or remove the key.")],
        Problems(new CceOptions { FilterThreshold = 1e-4 }).Errors);

    [Fact]
    public void A_filter_larger_than_16_bits_hide_is_warned_of()
    {
        var problems = Problems(new CceOptions { FilterThreshold = 1e-3, LowMemory = true });
        Assert.Empty(problems.Errors);
        Assert.Equal(
            [("FilterThreshold", "is larger than 2^-12, which the paper found harmless: gradients of 16 bits keep more than that. Use 0.000244 or less.")],
            problems.Warnings);
    }

    [Fact]
    public void Two_passes_with_the_papers_filter_are_in_order()
    {
        var problems = Problems(new CceOptions { FilterThreshold = 1.0 / 4096, LowMemory = true });
        Assert.Empty(problems.Errors);
        Assert.Empty(problems.Warnings);
    }

    private static Collected Problems(CceOptions options)
    {
        var found = new Collected();
        options.Validate(found);
        return found;
    }

    private sealed class Collected : IProblems
    {
        public List<(string Property, string Message)> Errors { get; } = [];

        public List<(string Property, string Message)> Warnings { get; } = [];

        public void Add(string property, string message) => Errors.Add((property, message));

        public void Warn(string property, string message) => Warnings.Add((property, message));
    }
}
