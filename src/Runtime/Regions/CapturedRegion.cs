using Neoteny.Autograd;
using Neoteny.Parameters;
using Neoteny.Runtime.Cpu;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Regions;

/// <summary>One region whose work is captured, as an operator of the tapes that run it.</summary>
/// <remarks>A tape of its own records the body once, while it is captured; its saved tensors need no owner afterwards, since captured work writes and reads the same memory each time.</remarks>
internal sealed class CapturedRegion(IWorkCapture capture, FixedMemory memory, GradientPlaces places, Region region, IReadOnlyList<object> parts) : Operator, IOperatorObserver, IDisposable
{
    private readonly List<Parameter> parameters = [];
    private FixedTensor[] inputs = [];
    private FixedTensor?[] gradients = [];
    private ParameterGradient[] collected = [];
    private ICapturedWork? forward;
    private ICapturedWork? backward;
    private Tape? inner;
    private Value[] innerInputs = [];
    private Value[] innerOutputs = [];
    private ulong calls;
    private ulong callsAfter;
    private long placement;
    private bool isFilled;

    /// <inheritdoc/>
    public override string Name => "captured_region";

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => parameters;

    /// <summary>Whether it draws random numbers.</summary>
    public bool Draws { get; private set; }

    /// <summary>The tape that ran it last.</summary>
    public Tape? LastTape { get; private set; }

    /// <summary>Whether backward is captured as well, or not wanted.</summary>
    public bool IsComplete => backward is not null || !innerOutputs.Any(o => o.NeedsGradient);

    /// <summary>Captures forward for calls like this one.</summary>
    /// <returns>Why it cannot be captured; null where it was.</returns>
    public string? TryCapture(Tape tape, Tensor seed, RegionCall call)
    {
        calls = tape.Calls;
        using var guard = no_grad();
        inputs = [.. call.Inputs.Select(v => memory.Fix(v.Tensor, isConstant: v.Kind == ValueKind.Constant && !v.OwnsTensor))];
        try
        {
            forward = capture.Capture(() => RunBody(tape.Seed, seed, call));
        }
        catch (CaptureException e)
        {
            return e.Message;
        }

        if (inner!.HasDrawnRandomKeys)
            return "an operator draws random numbers by keys of the host";
        Draws = inner.HasDrawn;
        callsAfter = inner.Calls;
        if (parameters.Find(p => !p.IsResident) is { } moving)
            return $"{moving.Path} is not kept as a dense tensor on the device";
        placement = Placement();
        foreach (var result in forward.Results)
            memory.Add(result!);
        isFilled = true;
        return null;
    }

    /// <summary>What is no longer as it was when the work was captured; null for nothing.</summary>
    /// <param name="hasEnded">Whether the tape in which it was captured has ended.</param>
    public string? Change(bool hasEnded)
        => !(region.Parts()?.SequenceEqual(parts, ReferenceEqualityComparer.Instance) ?? false) ? $"{region.Path}: a block was exchanged"
        : Placement() != placement ? $"{region.Path}: a weight was moved"
        : hasEnded && !IsComplete ? "the step in which it was captured did not end"
        : null;

    /// <summary>Why a call cannot take the place of the one that was captured; null where it can.</summary>
    public string? Obstacle(Tape tape, Value[] values)
        => values.Length != inputs.Length || !inputs.Zip(values).All(p => p.First.Takes(p.Second.Tensor)) ? "an input is somewhere else"
        : Draws && tape.Calls != calls ? "other operators ran before it"
        : null;

    /// <summary>Runs as an operator of a tape.</summary>
    public Value[] Apply(Tape tape, Value[] values)
    {
        LastTape = tape;
        var after = tape.Calls + (callsAfter - calls);
        var outputs = tape.ApplyMany(this, values);

        // As many as the body's operators: what follows draws the same random numbers as without graphs.
        tape.Calls = after;
        return outputs;
    }

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        for (var i = 0; i < inputs.Length && !isFilled; i++)
            inputs[i].Fill(context.Input(i));
        isFilled = false;
        forward!.Run();
        foreach (var result in forward.Results)
            context.EmitBorrowed(result!.alias());
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        if (backward is null)
        {
            CaptureBackward(context);
        }
        else
        {
            Fill(context);
        }

        backward!.Run();
        for (var i = 0; i < inputs.Length; i++)
        {
            if (backward.Results[i] is { } gradient)
                context.Give(i, gradient.alias());
        }

        foreach (var gradient in collected)
            gradient.Attach();
    }

    /// <inheritdoc/>
    public void Before(Operator @operator, bool isBackward)
    {
        if (!isBackward)
            parameters.AddRange(@operator.Parameters.Except(parameters));
    }

    /// <inheritdoc/>
    public void After(Operator @operator, bool isBackward)
    {
    }

    public void Dispose()
    {
        inner?.Dispose();
        forward?.Dispose();
        backward?.Dispose();
        foreach (var input in inputs)
            input.Dispose();
        foreach (var gradient in gradients)
            gradient?.Dispose();
        LastTape = null;
    }

    private Tensor[] RunBody(ulong number, Tensor seed, RegionCall call)
    {
        inner?.Dispose();
        inner = new Tape(new TapeOptions { Profiler = this, Seed = number, SeedPlace = seed }) { Calls = calls };
        innerInputs = [.. inputs.Select((t, i) => call.Inputs[i].NeedsGradient ? inner.Input(t.Tensor) : inner.Constant(t.Tensor))];
        innerOutputs = inner.Segment(region.Path, v => region.Body(inner, call with { Inputs = v }), innerInputs);
        return [.. innerOutputs.Select(o => o.Tensor.alias().DetachFromDisposeScope())];
    }

    private void CaptureBackward(BackwardContext context)
    {
        gradients = [.. innerOutputs.Select((o, i) => o.NeedsGradient && context.OutputGradient(i) is { } g ? memory.Fix(g, isConstant: false) : null)];
        Parameter[] trained = [.. parameters.Where(p => p.Trains)];
        bool[] adds = [.. trained.Select(p => p.Gradient is not null)];
        foreach (var parameter in trained)
            parameter.GradientPlace = places.Of(parameter);
        try
        {
            backward = capture.Capture(() => RunBackward(trained));
        }
        catch (CaptureException e)
        {
            throw new NeotenyException($"{region.Path} cannot be captured: {e.Message} Set cuda_graphs: false.", e);
        }
        finally
        {
            Array.ForEach(trained, p => p.GradientPlace = null);
        }

        inner!.Dispose();
        for (var i = 0; i < inputs.Length; i++)
        {
            if (backward.Results[i] is { } gradient)
                memory.Add(gradient);
        }

        collected = [.. trained.Select((p, i) => (Parameter: p, Gradient: backward.Results[inputs.Length + i], Adds: adds[i]))
            .Where(c => c.Gradient is not null).Select(c => new ParameterGradient(c.Parameter, c.Gradient!, c.Adds))];
    }

    private Tensor?[] RunBackward(Parameter[] trained)
    {
        for (var i = 0; i < gradients.Length; i++)
        {
            if (gradients[i] is { } gradient)
                inner!.AddLoss(innerOutputs[i], gradient.Tensor);
        }

        inner!.Backward();
        return
        [
            .. innerInputs.Select(v => v.NeedsGradient ? inner.GradientOf(v)?.alias().DetachFromDisposeScope() : null),
            .. trained.Select(p => p.Gradient?.alias().DetachFromDisposeScope()),
        ];
    }

    /// <summary>Puts the gradients of this call in place. Where one was the result of captured work, nobody else needs what that wrote.</summary>
    private void Fill(BackwardContext context)
    {
        for (var i = 0; i < gradients.Length; i++)
        {
            var incoming = innerOutputs[i].NeedsGradient ? context.OutputGradient(i) : null;
            if (incoming is not null && gradients[i] is null)
                throw new InvalidOperationException($"{region.Path}: output {i} has a gradient, and had none when the region was captured. Set cuda_graphs: false, and report this.");
            if (incoming is null)
                gradients[i]?.Tensor.zero_();
            else
                gradients[i]!.Fill(incoming);
        }

        foreach (var gradient in collected)
            gradient.Prepare();
    }

    private long Placement() => parameters.Sum(p => p.Placement);

    /// <summary>The gradient of a parameter, which captured work writes, or adds to, at one address.</summary>
    private sealed class ParameterGradient(Parameter parameter, Tensor gradient, bool adds)
    {
        private readonly nint address = TensorData.Pointer(gradient);

        /// <summary>Before the work: what it adds to lies at the address.</summary>
        public void Prepare()
        {
            if (!adds || IsAttached)
                return;
            if (parameter.Gradient is { } elsewhere)
                gradient.copy_(elsewhere);
            else
                gradient.zero_();
            parameter.SetGradient(null);
        }

        /// <summary>After the work: the parameter has the gradient.</summary>
        public void Attach()
        {
            if (parameter.Gradient is null)
                parameter.SetGradient(gradient.alias());
            else if (!IsAttached)
                parameter.AddGradient(gradient);
        }

        private bool IsAttached => parameter.Gradient is { } own && TensorData.Pointer(own) == address;
    }
}
