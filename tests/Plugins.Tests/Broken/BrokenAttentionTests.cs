using System.Runtime.InteropServices;
using Neoteny.Attention;
using Neoteny.Conformance;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Broken;

public sealed class BrokenAttentionTests
{
    private const string Results = "Results agree with the reference";
    private const string Gradients = "Gradients agree with the reference";

    [Fact]
    public void A_wrong_scale_is_caught() => Catch(Results, "log-sum-exp: off by", new() { Before = i => BrokenAttention.With(i, scale: i.Spec.Scale * 1.05) });

    [Theory]
    [InlineData(AttentionFeatures.Window, "window")]
    [InlineData(AttentionFeatures.Softcap, "softcap")]
    [InlineData(AttentionFeatures.Sinks, "sinks")]
    [InlineData(AttentionFeatures.Causal, "primes")]
    public void A_claimed_semantic_that_is_ignored_is_caught(AttentionFeatures ignored, string text)
        => Catch(Results, text, new() { Before = i => BrokenAttention.With(i, without: ignored) });

    [Fact]
    public void One_wrong_token_among_two_hundred_is_caught() => Catch(Results, "one long document, Float32: output", new()
    {
        After = (_, o) =>
        {
            if (o.Output.size(0) > 200)
            {
                o.Output.narrow(0, o.Output.size(0) / 2, 1).mul_(Scalars.Of(1.2));
            }

            return o;
        },
    });

    [Fact]
    public void A_log_sum_exp_to_the_base_two_is_caught() => Catch(Results, "log-sum-exp", new()
    {
        After = (_, o) => new AttentionOutput { Output = o.Output, LogSumExp = o.LogSumExp!.div(Scalars.Of(Math.Log(2))) },
    });

    [Fact]
    public void A_wrong_gradient_of_one_key_head_is_caught() => Catch(Gradients, "key gradient", new()
    {
        AfterBackward = g =>
        {
            g.Key.narrow(1, g.Key.size(1) - 1, 1).mul_(Scalars.Of(0.9));
            return g;
        },
    });

    [Fact]
    public void A_missing_sink_gradient_is_caught()
        => Catch(Gradients, "sink gradient: missing", new() { AfterBackward = g => new AttentionGradients { Query = g.Query, Key = g.Key, Value = g.Value } });

    [Fact]
    public void Documents_that_run_into_each_other_where_there_is_room_for_more_are_caught() => Catch("Captured work serves other documents", "many short documents, Float32: output", new()
    {
        Room = layout => new LayoutCapacity(layout.QueryLengths.Count + 1, layout.Tokens),
        Before = i => i.Layout.QueryLengths.Contains(0) ? BrokenAttention.With(i, layout: SequenceLayout.Of([i.Layout.Tokens])) : i,
        BeforeBackward = b => !b.Input.Layout.QueryLengths.Contains(0) ? b : new AttentionBackward
        {
            Input = BrokenAttention.With(b.Input, layout: SequenceLayout.Of([b.Input.Layout.Tokens])),
            Output = b.Output,
            LogSumExp = b.LogSumExp,
            OutputGradient = b.OutputGradient,
            Saved = b.Saved,
        },
    });

    [Fact]
    public void A_forgotten_tensor_is_caught() => Catch("Nothing but the results stays alive", "tensors more are alive", new()
    {
        After = (_, o) =>
        {
            empty(3).DetachFromDisposeScope();
            return o;
        },
    });

    [Fact]
    public void Native_memory_that_is_never_freed_is_caught()
    {
        var blocks = new List<nint>();
        Catch("Nothing but the results stays alive", "the process grew by", new()
        {
            After = (_, o) =>
            {
                blocks.Add(Marshal.AllocHGlobal(2 << 20));
                unsafe
                {
                    new Span<byte>((void*)blocks[^1], 2 << 20).Fill(1);
                }

                return o;
            },
        });
        blocks.ForEach(Marshal.FreeHGlobal);
    }

    [Fact]
    public void A_changed_input_is_caught() => Catch("Inputs stay as they are", "value: was changed", new()
    {
        After = (i, o) =>
        {
            i.Value.mul_(Scalars.Of(1.5));
            return o;
        },
    });

    [Fact]
    public void Bits_that_change_are_caught()
    {
        var calls = 0;
        Catch("The same inputs give the same bits", "output: two calls differ", new()
        {
            After = (_, o) => new AttentionOutput { Output = o.Output.mul(Scalars.Of(1 + (1e-6 * (++calls % 2)))), LogSumExp = o.LogSumExp },
        });
    }

    [Fact]
    public void Something_kept_from_forward_to_backward_is_caught()
    {
        Tensor? kept = null;
        Catch("Calls may interleave", "", new()
        {
            After = (_, o) =>
            {
                kept = o.LogSumExp;
                return o;
            },
            BeforeBackward = b => new AttentionBackward { Input = b.Input, Output = b.Output, LogSumExp = kept, OutputGradient = b.OutputGradient },
        });
    }

    [Fact]
    public void A_backward_that_runs_from_its_own_output_instead_of_the_merged_one_is_caught() => Catch("Merged blocks of keys run backward from the merged output", "gradient", new()
    {
        BeforeBackward = b => new AttentionBackward
        {
            Input = b.Input,
            Output = new Sdpa.EagerAttention().Forward(b.Input).Output,
            LogSumExp = new Sdpa.EagerAttention().Forward(b.Input).LogSumExp,
            OutputGradient = b.OutputGradient,
        },
    });

    [Fact]
    public void Refusing_everything_is_caught() => Catch("What it supports it computes", "it refuses plain causal attention", new() { Refusal = _ => "it is not in the mood" });

    [Fact]
    public void Claiming_a_feature_and_refusing_it_is_caught()
        => Catch("What it supports it computes", "it claims Softcap and refuses every case", new() { Refusal = s => s.Softcap > 0 ? "caps are not built" : null });

    [Fact]
    public void Claiming_a_feature_that_nobody_knows_is_caught()
        => Catch("What it supports it computes", "does not know", new() { Claims = new Sdpa.EagerAttention().Supports | (AttentionFeatures)(1L << 40) });

    [Fact]
    public void A_refusal_without_a_reason_is_caught()
        => Catch("What it refuses it refuses with a reason", "is refused without a reason", new() { Refusal = s => s.HeadSize > 128 ? " " : null });

    [Fact]
    public void Threads_left_behind_are_caught()
    {
        using var stop = new ManualResetEventSlim();
        Catch("Any thread may call it", "threads more", new()
        {
            After = (_, o) =>
            {
                new Thread(() => stop.Wait()) { IsBackground = true }.Start();
                return o;
            },
        });
        stop.Set();
    }

    [Fact]
    public void A_changed_thread_count_is_caught()
    {
        var before = get_num_threads();
        Catch("Any thread may call it", "libtorch runs on", new()
        {
            After = (_, o) =>
            {
                set_num_threads(before + 1);
                return o;
            },
        });
        set_num_threads(before);
    }

    [Fact]
    public void A_constructor_that_works_is_caught() => Caught.By(
        new AttentionSuite(() =>
        {
            empty(3).DetachFromDisposeScope();
            Thread.Sleep(25);
            return new BrokenAttention();
        }),
        "Construction is cheap",
        "the constructor");

    [Fact]
    public void What_an_implementation_throws_is_a_failure_of_the_case() => Catch(Results, "one token, Float32: threw InvalidOperationException: no kernel", new()
    {
        Before = _ => throw new InvalidOperationException("no kernel"),
    });

    [Fact]
    public void Without_a_fault_nothing_is_caught() => Caught.None(new AttentionSuite(() => new BrokenAttention()), 10);

    private static void Catch(string check, string text, BrokenAttention broken) => Caught.By(new AttentionSuite(() => broken), check, text);
}
