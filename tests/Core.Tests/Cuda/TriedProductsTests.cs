using Neoteny.Runtime;
using Neoteny.Runtime.Cuda.Products;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda;

/// <summary>Products with a tried algorithm against libtorch's in fp32.</summary>
public sealed class TriedProductsTests
{
    private const int Uses = 30;

    [CudaFact]
    public void Every_algorithm_gives_the_product_for_every_lie_of_the_factors()
    {
        using var guard = no_grad();
        foreach (var dtype in new[] { ScalarType.BFloat16, ScalarType.Float16 })
        {
            foreach (var result in new[] { dtype, ScalarType.Float32 })
            {
                foreach (var (leftTransposed, rightTransposed) in new[] { (false, false), (false, true), (true, false), (true, true) })
                {
                    using var scope = NewDisposeScope();
                    var (left, right) = (Matrix(4096, 2048, leftTransposed, dtype), Matrix(2048, 3072, rightTransposed, dtype));
                    var expected = left.to(ScalarType.Float32).mm(right.to(ScalarType.Float32));
                    var wide = result == ScalarType.Float32;
                    for (var use = 0; use < Uses; use++)
                    {
                        var sum = full(4096, 3072, use % 2, dtype: result, device: CUDA);
                        Assert.True(TriedProducts.TryRun(sum, left, right, adds: use % 2 == 1));
                        var error = sum.to(ScalarType.Float32).sub(expected).sub_(Scalars.Of(use % 2)).norm().item<float>() / expected.norm().item<float>();
                        Assert.True(error < (wide ? 1e-4 : 4e-3), $"{dtype} to {result}, {leftTransposed} {rightTransposed}, use {use}: {error}");
                    }
                }
            }
        }
    }

    [CudaFact]
    public void A_part_of_a_wider_matrix_is_taken_and_its_neighbours_stay()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var (left, right) = (Matrix(4096, 2048, false, ScalarType.BFloat16), Matrix(2048, 3072, false, ScalarType.BFloat16));
        var whole = ones(4096, 4096, dtype: ScalarType.BFloat16, device: CUDA);
        var part = whole.narrow(1, 512, 3072);
        Assert.True(TriedProducts.TryRun(part, left, right, adds: false));
        Assert.True(whole.narrow(1, 0, 512).eq(Scalars.One).all().item<bool>());
        Assert.True(whole.narrow(1, 3584, 512).eq(Scalars.One).all().item<bool>());
        Assert.True(part.sub(left.mm(right)).to(ScalarType.Float32).norm().item<float>() < 4e-3 * part.to(ScalarType.Float32).norm().item<float>());
    }

    [CudaFact]
    public void Small_products_and_those_with_gaps_are_left_to_libtorch()
    {
        using var scope = NewDisposeScope();
        var (left, right) = (Matrix(4096, 2048, false, ScalarType.BFloat16), Matrix(2048, 3072, false, ScalarType.BFloat16));
        Assert.False(TriedProducts.TryRun(empty(64, 64, dtype: ScalarType.BFloat16, device: CUDA), left.narrow(0, 0, 64), right.narrow(1, 0, 64), adds: false));
        var gaps = empty(4096, 6144, dtype: ScalarType.BFloat16, device: CUDA).view(4096, 3072, 2).select(2, 0);
        Assert.False(TriedProducts.TryRun(gaps, left, right, adds: false));
        Assert.False(TriedProducts.TryRun(empty(4096, 3071, dtype: ScalarType.BFloat16, device: CUDA), left, right.narrow(1, 0, 3071), adds: false));
    }

    [Fact]
    public void A_matrix_lies_by_rows_or_by_columns_or_is_not_taken()
    {
        using var scope = NewDisposeScope();
        var matrix = empty(6, 8);
        Assert.Equal(new ProductShape.Lie(8, false), ProductShape.Lie.Of(matrix));
        Assert.Equal(new ProductShape.Lie(8, true), ProductShape.Lie.Of(matrix.t()));
        Assert.Equal(new ProductShape.Lie(8, false), ProductShape.Lie.Of(matrix.narrow(1, 2, 3)));
        Assert.Equal(new ProductShape.Lie(8, true), ProductShape.Lie.Of(matrix.t().narrow(0, 2, 3)));
        Assert.Null(ProductShape.Lie.Of(empty(6, 8, 2).select(2, 0)));
        Assert.Null(ProductShape.Lie.Of(empty(1, 8).expand(6, 8)));
        Assert.Null(ProductShape.Of(matrix, matrix, matrix, adds: false));
    }

    private static Tensor Matrix(long rows, long columns, bool isTransposed, ScalarType dtype)
        => isTransposed ? randn(columns, rows, device: CUDA).to(dtype).t() : randn(rows, columns, device: CUDA).to(dtype);
}
