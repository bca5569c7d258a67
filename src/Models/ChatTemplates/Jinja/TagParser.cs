using Neoteny.Models.ChatTemplates.Jinja.Expressions;
using Neoteny.Models.ChatTemplates.Jinja.Statements;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>Parses what stands between <c>{%</c> and the end of its block.</summary>
internal sealed class TagParser(TokenReader reader, ExpressionParser expressions, TemplateParser blocks)
{
    public Statement Parse(int line)
    {
        var name = reader.Expect(TokenKind.Name, "the name of a tag").Text;
        switch (name)
        {
            case "if":
                return If(line);
            case "for":
                return For(line);
            case "set":
                return Set(line);
            case "macro":
                var called = reader.ExpectName();
                return Macro(called, "macro", line);
            case "call":
                return Call(line);
            case "filter":
                return Filter(line);
            case "with":
                return With(line);
            case "generation":
                End();
                return new FilterStatement(static value => value, Body("endgeneration", "'generation'"), line);
            case "break" or "continue":
                End();
                return new FlowStatement(blocks.InLoop(name == "break" ? Flow.Break : Flow.Continue, line), line);
            default:
                throw new TemplateError(
                    $"there is no tag '{name}'. Known are break, call, continue, filter, for, generation, if, macro, raw, set, with.", line);
        }
    }

    private IfStatement If(int line)
    {
        var branches = new List<(Expression, Block)>();
        do
        {
            var condition = expressions.ParseTuple();
            End();
            branches.Add((condition, blocks.Body(["elif", "else", "endif"], "'if'")));
        }
        while (Skip("elif"));
        Block? otherwise = null;
        if (Skip("else"))
        {
            End();
            otherwise = blocks.Body(["endif"], "'if'");
        }

        blocks.Close();
        return new IfStatement(branches, otherwise, line);
    }

    private ForStatement For(int line)
    {
        var target = Target();
        if (!reader.SkipName("in"))
            throw reader.Unexpected("'in'");
        var source = expressions.ParseTuple(conditional: false);
        var condition = reader.SkipName("if") ? expressions.Parse() : null;
        var recursive = reader.SkipName("recursive");
        End();
        var body = blocks.LoopBody(["else", "endfor"], "'for'");
        Block? otherwise = null;
        if (Skip("else"))
        {
            End();
            otherwise = blocks.Body(["endfor"], "'for'");
        }

        blocks.Close();
        return new ForStatement(target, source, condition, body, otherwise, recursive, line);
    }

    private Statement Set(int line)
    {
        var target = Target();
        if (reader.Skip("="))
        {
            var value = expressions.ParseTuple();
            End();
            return new SetStatement(target, value, line);
        }

        var filters = expressions.Filters();
        End();
        return new SetBlockStatement(target, filters, Body("endset", "'set'"), line);
    }

    private MacroStatement Macro(string name, string tag, int line)
    {
        reader.Expect("(");
        var parameters = Parameters();
        End();
        return new MacroStatement(name, parameters, Body("end" + tag, $"'{tag}'"), line);
    }

    private List<Parameter> Parameters()
    {
        var parameters = new List<Parameter>();
        while (!reader.Skip(")"))
        {
            if (parameters.Count > 0)
                reader.Expect(",");
            var name = reader.ExpectName();
            parameters.Add(new Parameter(name, reader.Skip("=") ? expressions.Parse() : null));
        }

        return parameters;
    }

    private CallStatement Call(int line)
    {
        var parameters = reader.Skip("(") ? Parameters() : [];
        var callee = expressions.Parse();
        End();
        var call = callee as CallExpression ?? throw new TemplateError("a call block needs a call, such as name().", line);
        return new CallStatement(call.Callee, call.Arguments, new MacroStatement("caller", parameters, Body("endcall", "'call'"), line), line);
    }

    private FilterStatement Filter(int line)
    {
        var filters = expressions.FiltersByName();
        End();
        return new FilterStatement(filters, Body("endfilter", "'filter'"), line);
    }

    private WithStatement With(int line)
    {
        var assignments = new List<(AssignmentTarget, Expression)>();
        while (reader.Current.Kind != TokenKind.BlockEnd)
        {
            if (assignments.Count > 0)
                reader.Expect(",");
            var target = OneTarget();
            reader.Expect("=");
            assignments.Add((target, expressions.Parse()));
        }

        End();
        return new WithStatement(assignments, Body("endwith", "'with'"), line);
    }

    private AssignmentTarget Target()
    {
        var first = OneTarget();
        if (!reader.Current.Is(","))
            return first;
        var parts = new List<AssignmentTarget> { first };
        while (reader.Skip(",") && !reader.Current.Is("=") && !reader.Current.IsName("in"))
            parts.Add(OneTarget());
        return new AssignmentTarget(null, null, parts);
    }

    private AssignmentTarget OneTarget()
    {
        if (reader.Skip("("))
        {
            var inner = Target();
            reader.Expect(")");
            return inner;
        }

        var name = reader.ExpectName();
        return new AssignmentTarget(name, reader.Skip(".") ? reader.ExpectName() : null, null);
    }

    private Block Body(string end, string opened)
    {
        var body = blocks.Body([end], opened);
        blocks.Close();
        return body;
    }

    private bool Skip(string tag)
    {
        if (!reader.Ahead.IsName(tag))
            return false;
        reader.Next();
        reader.Next();
        return true;
    }

    private void End() => reader.Expect(TokenKind.BlockEnd, "'%}'");
}
