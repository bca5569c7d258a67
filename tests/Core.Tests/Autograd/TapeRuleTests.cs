using Neoteny.Autograd;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Autograd;

public sealed class TapeRuleTests : IDisposable
{
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void A_value_of_another_tape_is_refused_by_operators_segments_and_losses()
    {
        using Tape one = new(), other = new();
        Value mine = one.Input(ones(2, 3)), foreign = other.Input(ones(2, 3));
        Fails("add: input 1 was not made by this tape, so its gradient would be lost. Apply the operator that made it on this tape, or declare it with Constant or Input.",
            () => one.Apply(Add.Instance, mine, foreign));
        Fails("layer: input 0 was not made by this tape, so its gradient would be lost.", () => one.Segment("layer", x => x, [foreign]));
        Fails("layer: input 1 was not made by this tape, so its gradient would be lost.", () => one.Segment("layer", x => x, [mine, foreign], checkpoint: true));
        Fails("AddLoss: the loss must be a value of this tape.", () => one.AddLoss(foreign));
    }

    [Fact]
    public void Another_thread_is_refused()
    {
        using var tape = new Tape();
        var x = tape.Input(ones(3));
        OnAnotherThread("square: a tape runs on the thread that made it.", () => tape.Apply(new Square(), x));
        OnAnotherThread("layer: a tape runs on the thread that made it.", () => tape.Segment("layer", v => v, [x]));
        OnAnotherThread("AddLoss: a tape runs on the thread that made it.", () => tape.AddLoss(x));
        OnAnotherThread("Backward: a tape runs on the thread that made it.", tape.Backward);
    }

    [Fact]
    public void A_tape_serves_one_backward_pass()
    {
        using var tape = new Tape();
        var x = tape.Input(ones(3));
        tape.AddLoss(tape.Apply(new Square(), x));
        tape.Backward();
        const string Rest = ": this tape has run backward already. A tape serves one forward and one backward pass; record the next on a new one.";
        Fails("Backward" + Rest, tape.Backward);
        Fails("square" + Rest, () => tape.Apply(new Square(), x));
        Fails("AddLoss" + Rest, () => tape.AddLoss(x));
        Assert.Equal([2, 2, 2], tape.GradientOf(x)!.data<float>());
    }

    [Fact]
    public void A_tape_that_does_not_record_cannot_run_backward()
    {
        using var tape = new Tape(new TapeOptions { Recording = false });
        tape.Apply(new Square(), tape.Constant(ones(3)));
        Fails("This tape does not record: create it with Recording = true to run backward.", tape.Backward);
    }

    [Fact]
    public void A_disposed_tape_is_refused()
    {
        var tape = new Tape();
        var x = tape.Input(ones(3));
        tape.Dispose();
        tape.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tape.Apply(new Square(), x));
        Assert.Throws<ObjectDisposedException>(tape.Backward);
    }

    [Fact]
    public void A_loss_gradient_of_another_shape_is_refused()
    {
        using var tape = new Tape();
        var y = tape.Apply(new Square(), tape.Input(ones(2, 3)));
        Assert.Equal("AddLoss: the gradient has shape [3], the value [2, 3].", Assert.Throws<ArgumentException>(() => tape.AddLoss(y, ones(3))).Message);
    }

    [Fact]
    public void Writing_to_saved_storage_is_refused_through_views_too()
    {
        using var tape = new Tape();
        var made = tape.Apply(Add.Instance, tape.Input(ones(2, 3)), tape.Input(ones(2, 3)));
        var view = tape.Apply(new View(3, 2), made);
        tape.Apply(new Square(), made);
        Fails("negate_in_place: would overwrite input 0 [2, 3], which is not the tape's own or which an earlier operator saved for backward.",
            () => tape.Apply(new NegateInPlace(), made));
        Fails("negate_in_place: would overwrite input 0 [3, 2], which is not the tape's own or which an earlier operator saved for backward.",
            () => tape.Apply(new NegateInPlace(), view));
    }

    [Fact]
    public void Writing_to_a_tensor_that_is_not_the_tapes_own_is_refused_through_views_too()
    {
        using var tape = new Tape();
        var constant = ones(2, 3);
        Assert.Throws<InvalidOperationException>(() => tape.Apply(new NegateInPlace(), tape.Constant(constant)));
        Assert.Throws<InvalidOperationException>(() => tape.Apply(new NegateInPlace(), tape.Apply(new View(-1), tape.Constant(constant))));
        var returned = tape.Segment("layer", x => x, [tape.Constant(constant)], checkpoint: true)[0];
        Assert.Throws<InvalidOperationException>(() => tape.Apply(new NegateInPlace(), returned));
        Assert.Equal(6, constant.sum().item<float>());
    }

    [Fact]
    public void Writing_to_what_a_checkpointed_segment_will_read_again_is_refused()
    {
        using var tape = new Tape();
        var made = tape.Apply(Add.Instance, tape.Input(ones(3)), tape.Input(ones(3)));
        Assert.Throws<InvalidOperationException>(() => tape.Segment("a", x => [tape.Apply(new NegateInPlace(), x[0])], [made], checkpoint: true));
        Assert.Throws<InvalidOperationException>(() => tape.Segment("b", x => [tape.Apply(new NegateInPlace(), tape.Apply(new View(-1), x[0]))], [made], checkpoint: true));
        Assert.Throws<InvalidOperationException>(() => tape.Segment(
            "c",
            x =>
            {
                var copy = tape.Apply(Add.Instance, x[0], x[0]);
                return [tape.Apply(new Square(), copy), tape.Apply(new NegateInPlace(), copy)];
            },
            [made],
            checkpoint: true));
        tape.Segment("d", x => x, [made], checkpoint: true);
        Assert.Throws<InvalidOperationException>(() => tape.Apply(new NegateInPlace(), made));
    }

    [Fact]
    public void Writing_to_storage_that_nobody_saved_is_fine()
    {
        foreach (var checkpoint in new[] { false, true })
        {
            using var tape = new Tape();
            var x = tape.Input(ones(3));
            tape.AddLoss(tape.Segment("layer", v => [tape.Apply(new Square(), tape.Apply(new NegateInPlace(), tape.Apply(Add.Instance, v[0], v[0])))], [x], checkpoint)[0]);
            tape.Backward();
            Assert.Equal([8, 8, 8], tape.GradientOf(x)!.data<float>());
        }
    }

    [Fact]
    public void A_saved_tensor_that_was_changed_in_place_is_refused_where_versions_are_watched()
    {
        using var tape = new Tape(new TapeOptions { VersionOf = TensorVersion.Of });
        var made = tape.Apply(Add.Instance, tape.Input(ones(2, 3)), tape.Input(ones(2, 3)));
        var squared = tape.Apply(new Square(), made);
        tape.AddLoss(tape.Apply(Add.Instance, squared, tape.Apply(new Secretive(), made)));
        Fails("square: a tensor [2, 3] that it saved was changed in place before backward. The operator that wrote to it must declare so in Mutates.", tape.Backward);
    }

    [Fact]
    public void Watching_versions_lets_honest_operators_pass()
    {
        using var tape = new Tape(new TapeOptions { VersionOf = TensorVersion.Of });
        var x = tape.Input(ones(3));
        tape.AddLoss(tape.Segment("layer", v => [tape.Apply(new Exponential(), tape.Apply(new Square(), v[0]))], [x], checkpoint: true)[0]);
        tape.Backward();
        Assert.Equal(2 * MathF.E, tape.GradientOf(x)!.data<float>()[0], 1e-5f);
    }

    [Fact]
    public void A_donated_value_is_freed_after_its_next_use()
    {
        using var tape = new Tape();
        var x = tape.Input(ones(3));
        var made = tape.Apply(Add.Instance, x, x);
        var doubled = tape.Apply(Add.Instance, made.Donate(), made);
        Fails("This value's tensor is gone: it was donated to an operator, its segment has ended, or backward has run. Use the value before that, or return it from the segment.",
            () => _ = made.Tensor);
        tape.AddLoss(doubled);
        tape.Backward();
        Assert.Equal([4, 4, 4], tape.GradientOf(x)!.data<float>());
    }

    [Fact]
    public void A_donated_value_that_was_saved_lives_until_its_saver_ran_backward()
    {
        using var tape = new Tape();
        var x = tape.Input(ones(3));
        var made = tape.Apply(Add.Instance, x, x);
        tape.AddLoss(tape.Apply(new Square(), made.Donate()));
        Assert.Equal([2, 2, 2], made.Tensor.data<float>());
        tape.Backward();
        Assert.Equal([8, 8, 8], tape.GradientOf(x)!.data<float>());
        Assert.Throws<InvalidOperationException>(() => made.Tensor);
    }

    [Fact]
    public void A_value_ends_with_its_segment_unless_returned()
    {
        using var tape = new Tape();
        Value? inner = null;
        var y = tape.Segment("layer", x => [tape.Apply(Add.Instance, inner = tape.Apply(Add.Instance, x[0], x[0]), x[0])], [tape.Input(ones(3))])[0];
        Assert.Equal([3, 3, 3], y.Tensor.data<float>());
        Assert.Throws<InvalidOperationException>(() => inner!.Tensor);
    }

    private static void Fails(string message, Action action) => Assert.Equal(message, Assert.Throws<InvalidOperationException>(action).Message);

    private static void OnAnotherThread(string message, Action action)
    {
        Exception? caught = null;
        var thread = new Thread(() => caught = Record.Exception(action));
        thread.Start();
        thread.Join();
        Assert.Equal(message, Assert.IsType<InvalidOperationException>(caught).Message);
    }
}
