using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Native;

public class AtenOperatorTests
{
    [Fact]
    public void Call_GivesWhatTorchSharpGives()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (randn(3, 5), randn(5, 2));
        Assert.Equal(a.mm(b).data<float>().ToArray(), new AtenOperator("aten::mm").Call(a, b).data<float>().ToArray());
    }

    [Fact]
    public void CallMany_WithNumbersAndTruthValues_ReturnsAllResults()
    {
        using var scope = NewDisposeScope();
        var (values, indices) = (new AtenOperator("aten::sort").CallMany(2, tensor(new[] { 2f, 3f, 1f }), 0L, true) is [var v, var i]) ? (v, i) : default;
        Assert.Equal([3f, 2f, 1f], values.data<float>().ToArray());
        Assert.Equal([1L, 0L, 2L], indices.data<long>().ToArray());
    }

    [Fact]
    public void Call_WithShapesThatDoNotFit_ThrowsAndNamesThem()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<InvalidOperationException>(() => new AtenOperator("aten::mm").Call(zeros(2, 3), zeros(4, 5)));
        Assert.Equal("aten::mm does not exist or refused its arguments (Float32 [2, 3]; Float32 [4, 5]).", error.Message);
    }

    [Fact]
    public void Call_ManyTimes_LeavesNoTensorBehind()
    {
        using var scope = NewDisposeScope();
        var (a, relu) = (zeros(4), new AtenOperator("aten::relu"));
        var alive = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 100; i++)
        {
            using var result = relu.Call(a);
        }

        Assert.Equal(alive, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
