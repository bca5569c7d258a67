using System.Reflection;
using Neoteny.Configuration;

namespace Neoteny.Conformance;

/// <summary>Rules for option records, tried by setting their properties within the bounds that their attributes give.</summary>
internal static class OptionsChecks
{
    /// <summary>A record as it is created passes its own bounds and validation, unless a key is required.</summary>
    public static void Defaults(CheckRun run, Type record)
    {
        var options = Activator.CreateInstance(record)!;
        foreach (var (property, key) in Keys(record))
        {
            var value = property.GetValue(options);
            run.That(Fits(value, key), $"{key.Name}: the default {value} is not within its own bounds");
        }

        if (!Keys(record).Any(k => k.Key.Required))
        {
            foreach (var (property, message) in Problems(options))
            {
                run.Fail($"the defaults are refused: {property} {message}");
            }
        }
    }

    /// <summary>Validation throws for no value within bounds, and every problem names a property that binds a key.</summary>
    public static void Validation(CheckRun run, Type record)
    {
        var bound = record.GetProperties().Where(p => p.IsDefined(typeof(KeyAttribute)) || p.IsDefined(typeof(ReadsAttribute))).Select(p => p.Name).ToHashSet();
        foreach (var property in record.GetProperties().Where(p => bound.Contains(p.Name) && p.CanWrite))
        {
            var key = property.GetCustomAttribute<KeyAttribute>();
            foreach (var value in Values(property, key))
            {
                run.Case($"{key?.Name ?? property.Name} = {value ?? "null"}", () =>
                {
                    var options = Activator.CreateInstance(record)!;
                    property.SetValue(options, value);
                    run.That(true, "");
                    foreach (var (name, message) in Problems(options))
                    {
                        run.That(bound.Contains(name), $"a problem names '{name}', which binds no key");
                        run.That(message.Trim().Length > 0, $"the problem of {name} has no message");
                    }
                });
            }
        }
    }

    /// <summary>Bounds and lists of texts stand where the host heeds them, and leave something to choose.</summary>
    public static void Bounds(CheckRun run, Type record)
    {
        foreach (var (property, key) in Keys(record))
        {
            var type = Element(property.PropertyType);
            var isNumber = type == typeof(int) || type == typeof(long) || type == typeof(double);
            run.That(isNumber || (double.IsInfinity(key.Minimum) && double.IsInfinity(key.Maximum)), $"{key.Name}: Minimum and Maximum mean nothing for {type.Name}, so any value is accepted");
            run.That(type == typeof(string) || key.Allowed.Length == 0, $"{key.Name}: Allowed means nothing for {type.Name}, so any value is accepted");
            run.That(key.Minimum <= key.Maximum, $"{key.Name}: no number is from {key.Minimum} to {key.Maximum}");
            run.That(key.Allowed.Distinct(StringComparer.Ordinal).Count() == key.Allowed.Length, $"{key.Name}: a text is allowed twice");
        }
    }

    public static IEnumerable<(PropertyInfo Property, KeyAttribute Key)> Keys(Type record)
        => record.GetProperties().Select(p => (p, p.GetCustomAttribute<KeyAttribute>()!)).Where(p => p.Item2 is not null);

    /// <summary>What a value, or each one in a list or dictionary, is.</summary>
    private static Type Element(Type type) => type.IsGenericType ? Element(type.GetGenericArguments()[^1]) : type;

    private static bool Fits(object? value, KeyAttribute key) => value switch
    {
        int or long or double => Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture) is var number && number >= key.Minimum && number <= key.Maximum,
        string text => key.Allowed.Length == 0 || key.Allowed.Contains(text),
        _ => true,
    };

    private static IEnumerable<object?> Values(PropertyInfo property, KeyAttribute? key)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (!type.IsValueType || type != property.PropertyType)
        {
            yield return null;
        }

        double[] numbers = [Math.Max(key?.Minimum ?? -1e9, -1e9), Math.Min(key?.Maximum ?? 1e9, 1e9)];
        IEnumerable<object> values = type switch
        {
            _ when type == typeof(bool) => [false, true],
            _ when type == typeof(int) => numbers.Select(n => (object)(int)n),
            _ when type == typeof(long) => numbers.Select(n => (object)(long)n),
            _ when type == typeof(double) => numbers.Select(n => (object)n),
            _ when type == typeof(string) => key is { Allowed.Length: > 0 } ? key.Allowed : ["", "anything"],
            _ when type.IsEnum => Enum.GetValuesAsUnderlyingType(type).Cast<object>().Select(v => Enum.ToObject(type, v)),
            _ when type.IsAssignableFrom(typeof(string[])) => [Array.Empty<string>(), new[] { "anything" }],
            _ => [],
        };
        foreach (var value in values)
        {
            yield return value;
        }
    }

    private static List<(string Property, string Message)> Problems(object options)
    {
        var found = new Collected();
        (options as IValidated)?.Validate(found);
        return found.Problems;
    }

    private sealed class Collected : IProblems
    {
        public List<(string Property, string Message)> Problems { get; } = [];

        public void Add(string property, string message) => Problems.Add((property, message));
    }
}
