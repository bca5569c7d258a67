using Neoteny.Plugins.CCE.Passes;

namespace Neoteny.Plugins.Tests.Losses;

public sealed class TileSizesTests
{
    private const long Mega = 1L << 20;

    [Theory]
    [InlineData(8192, 128_256, 256, 1024)]
    [InlineData(8192, 128_256, 64, 256)]
    [InlineData(5000, 128_256, 256, 1024)]
    [InlineData(1300, 128_256, 256, 768)]
    [InlineData(8192, 256_000, 64, 128)]
    [InlineData(1, 50_257, 256, 256)]
    [InlineData(8192, 256_000, 16, 32)]
    public void One_pass_takes_as_many_whole_rows_as_fit_in_multiples_of_a_products_tile(long tokens, long vocabulary, long megabytes, long expected)
    {
        var sizes = TileSizes.Whole(tokens, vocabulary, megabytes * Mega, 2);
        Assert.Equal(new TileSizes(expected, vocabulary), sizes);
        Assert.True(Math.Min(tokens, expected) * LogitBuffer.Padded(vocabulary) * 2 <= megabytes * Mega);
    }

    [Theory]
    [InlineData(8192, 4096, 256, 8192, 8192)]
    [InlineData(8192, 4096, 128, 8192, 4096)]
    [InlineData(8192, 0, 64, 8192, 4096)]
    [InlineData(8192, 4096, 16, 1024, 768)]
    [InlineData(16_384, 4096, 256, 16_384, 5376)]
    [InlineData(32_768, 4096, 256, 16_384, 5376)]
    [InlineData(1, 4096, 256, 1, 16128)]
    public void Two_passes_share_the_workspace_between_logits_and_the_sum_of_the_heads_gradient(long tokens, long hidden, long megabytes, long rows, long labels)
    {
        var sizes = TileSizes.Streamed(tokens, 128_256, megabytes * Mega, 2, 4 * hidden);
        Assert.Equal(new TileSizes(rows, labels), sizes);
        Assert.True((rows * labels * 2) + (labels * hidden * 4) <= megabytes * Mega);
    }

    [Theory]
    [InlineData(8192, 4096, 256, 8192, 16_384)]
    [InlineData(8192, 2048, 256, 4096, 32_768)]
    [InlineData(16_384, 2048, 256, 4096, 32_768)]
    [InlineData(8192, 4096, 64, 8192, 4096)]
    [InlineData(2560, 4096, 256, 2560, 52_224)]
    [InlineData(1500, 512, 16, 1024, 8192)]
    public void The_first_block_of_one_pass_is_as_large_as_the_rows_of_the_heads_gradient(long tokens, long hidden, long megabytes, long rows, long labels)
        => Assert.Equal(new TileSizes(rows, labels), TileSizes.Within(tokens, 128_256, hidden, megabytes * Mega, 2));

    [Theory]
    [InlineData(8192, 512, 256)]
    [InlineData(1000, 4096, 256)]
    [InlineData(8192, 4096, 4096)]
    [InlineData(8192, 3, 16)]
    public void Where_the_workspace_holds_nearly_as_many_tokens_there_is_no_such_block(long tokens, long hidden, long megabytes)
        => Assert.Null(TileSizes.Within(tokens, 128_256, hidden, megabytes * Mega, 2));

    [Theory]
    [InlineData(1024, 32_000, 205, 1024)]
    [InlineData(300, 32_000, 150, 1024)]
    [InlineData(1024, 8000, 256, 1024)]
    [InlineData(1024, 256_000, 128, 1024)]
    [InlineData(10, 7, 10, 7)]
    public void On_the_CPU_tiles_fit_into_the_cache(long tokens, long vocabulary, long rows, long labels)
        => Assert.Equal(new TileSizes(rows, labels), TileSizes.Cached(tokens, vocabulary, 256 * Mega));
}
