namespace Neoteny.ExampleData;

/// <summary>The command line of the tool.</summary>
/// <param name="Command">The first argument, empty when there is none.</param>
/// <param name="Output">The folder to write to, or null for the command's default.</param>
/// <param name="MaxCharacters">The longest pretraining document, in UTF-16 code units.</param>
internal sealed record ToolOptions(string Command, string? Output, int MaxCharacters)
{
    /// <summary>Where downloaded packages are kept between runs.</summary>
    public const string PackageFolder = "out/example-data/packages";

    /// <summary>Reads the command line.</summary>
    /// <exception cref="ExampleDataException">An option is unknown or its value is missing or not a number.</exception>
    public static ToolOptions Parse(string[] args)
    {
        var options = new ToolOptions(args.Length > 0 ? args[0] : "", null, 1500);
        for (var i = 1; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length)
                throw new ExampleDataException($"{args[i]} needs a value.");
            options = args[i] switch
            {
                "--out" => options with { Output = args[i + 1] },
                "--max-chars" when int.TryParse(args[i + 1], out var n) && n >= 200 => options with { MaxCharacters = n },
                "--max-chars" => throw new ExampleDataException($"--max-chars {args[i + 1]}: give a number of at least 200."),
                _ => throw new ExampleDataException($"unknown option {args[i]}; there are --out and --max-chars."),
            };
        }
        return options;
    }

    /// <summary>The output folder, made if absent.</summary>
    public string OutputOr(string fallback) => Directory.CreateDirectory(Output ?? fallback).FullName;
}
