using Neoteny.ExampleData;
using Neoteny.ExampleData.Capitals;

const string Usage = """
    Makes the example data of this repository. Run it from the repository root.

      dotnet run --project eng/example-data -- pretrain [--out out/pretrain] [--max-chars 1500]
          downloads the source packages, cleans their text and writes the pretraining corpus
      dotnet run --project eng/example-data -- capitals [--out examples/data]
          writes the instruction data about countries and their capitals, and checks it
      dotnet run --project eng/example-data -- check [--out examples/data]
          checks that no held-out question occurs in the training files

    Needs npm, and for `pretrain` also apt-get and dpkg-deb (Debian or Ubuntu).
    """;

try
{
    var options = ToolOptions.Parse(args);
    switch (options.Command)
    {
        case "pretrain":
            PretrainCorpus.Make(options);
            return 0;
        case "capitals":
            CapitalsData.Make(options);
            return 0;
        case "check":
            HeldOutCheck.Run(options.OutputOr("examples/data"));
            return 0;
        default:
            Console.Error.WriteLine(Usage);
            return 2;
    }
}
catch (ExampleDataException error)
{
    Console.Error.WriteLine($"error: {error.Message}");
    return 1;
}
