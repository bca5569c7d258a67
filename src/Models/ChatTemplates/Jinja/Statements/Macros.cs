using Neoteny.Models.ChatTemplates.Jinja.Expressions;

namespace Neoteny.Models.ChatTemplates.Jinja.Statements;

/// <summary>A parameter of a macro and its default.</summary>
internal sealed record Parameter(string Name, Expression? Default);

/// <summary><c>macro</c>: a function whose result is what its body writes.</summary>
internal sealed class MacroStatement(string name, IReadOnlyList<Parameter> parameters, Block body, int line) : Statement(line)
{
    public Callable Bind(Scope scope) => new(name, (arguments, evaluation) =>
    {
        evaluation.EnterCall();
        var inner = scope.Inner();
        Fill(inner, arguments);
        var text = evaluation.Capture(() => body.Execute(inner));
        evaluation.LeaveCall();
        return text;
    });

    protected override Flow Run(Scope scope)
    {
        scope[name] = Bind(scope);
        return Flow.Next;
    }

    private void Fill(Scope inner, Arguments arguments)
    {
        for (var i = 0; i < parameters.Count; i++)
        {
            var parameter = parameters[i];
            inner[parameter.Name] = arguments.TryGet(i, parameter.Name, out var value) ? value
                : parameter.Default is { } otherwise ? otherwise.Evaluate(inner)
                : new Undefined($"the parameter '{parameter.Name}' was not given");
        }

        inner["varargs"] = new JinjaTuple(arguments.Positional.Skip(parameters.Count));
        var rest = new JinjaDictionary();
        foreach (var (key, value) in arguments.Named.Where(pair => parameters.All(parameter => parameter.Name != pair.Key)))
        {
            if (key == "caller")
                inner["caller"] = value;
            else
                rest[key] = value;
        }

        inner["kwargs"] = rest;
    }
}

/// <summary><c>call</c>: a macro that receives a block as <c>caller</c>.</summary>
internal sealed class CallStatement(Expression callee, ArgumentList arguments, MacroStatement caller, int line) : Statement(line)
{
    protected override Flow Run(Scope scope)
    {
        var values = arguments.Evaluate(scope);
        var named = new Dictionary<string, object?>(values.Named) { ["caller"] = caller.Bind(scope) };
        var target = callee.Evaluate(scope) as Callable ?? throw new TemplateError("a call block needs a macro.");
        scope.Evaluation.Write(Writer.Text(target.Call(new Arguments(values.Positional, named), scope.Evaluation), scope.Evaluation));
        return Flow.Next;
    }
}
