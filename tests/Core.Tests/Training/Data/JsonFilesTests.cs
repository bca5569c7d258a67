using Neoteny.Core.Tests.Training.Support;
using Neoteny.Training.Data;
using Neoteny.Training.Options;

namespace Neoteny.Core.Tests.Training.Data;

public sealed class JsonFilesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Blank_lines_are_skipped_and_lines_keep_their_numbers()
    {
        var file = folder.Write("a.jsonl", "\n{\"text\": \"a\"}\n\n  \n{\"text\": \"b\"}");
        Assert.Equal([$"{file}:2", $"{file}:5"], JsonFiles.Read(file).Select(r => r.Place));
    }

    [Fact]
    public void A_file_that_is_one_list_is_read_too()
    {
        var file = folder.Write("a.json", " [{\"text\": \"a\"},\n {\"text\": \"b\"}]");
        Assert.Equal(["a", "b"], JsonFiles.Read(file).Select(r => r.Text("text")));
        Assert.Equal($"{file}, record 2", JsonFiles.Read(file).Last().Place);
    }

    [Fact]
    public void A_folder_is_read_in_the_order_of_names_and_data_files_choose()
    {
        Directory.CreateDirectory(folder.File("d"));
        string b = folder.Write("d/b.jsonl", "{}"), a = folder.Write("d/a.json", "{}");
        folder.Write("d/readme.md", "no data");
        var path = folder.File("d");
        Assert.Equal([a, b], JsonFiles.Find(path, null));
        Assert.Equal([b], JsonFiles.Find(path, ["b.jsonl"]));
        Assert.Equal([a], JsonFiles.Find("json", [a]));
    }

    [Theory]
    [InlineData("{\"text\": \"a\"}\n{\"text\": \"b\"", ":2: is not valid JSON (near byte 13): ")]
    [InlineData("{\"text\": \"a\"}\n{'text': \"b\"}", ":2: is not valid JSON (near byte 2): ")]
    [InlineData("nonsense", ":1: is not valid JSON (near byte 2): ")]
    public void A_malformed_line_is_named_with_its_file_and_number(string content, string expected)
    {
        var file = folder.Write("a.jsonl", content);
        var error = Assert.Throws<InputException>(() => JsonFiles.Read(file).ToList());
        Assert.StartsWith(file + expected, error.Message);
        Assert.EndsWith("Each line must be one complete JSON object.", error.Message);
        Assert.DoesNotContain("LineNumber", error.Message);
    }

    [Fact]
    public void A_line_that_is_no_object_is_named()
    {
        var file = folder.Write("a.jsonl", "{}\n\"text\"");
        var error = Assert.Throws<InputException>(() => JsonFiles.Read(file).ToList());
        Assert.Equal($"{file}:2: holds a text; every record must be a JSON object, such as {{\"text\": \"...\"}}.", error.Message);
    }

    [Fact]
    public void A_missing_field_is_named_with_those_there_are()
    {
        var file = folder.Write("a.jsonl", "{\"question\": \"a\", \"answer\": 5}");
        var record = JsonFiles.Read(file).Single();
        Assert.Equal(
            $"{file}:1: the field 'text' is missing (there are: question, answer). Name the right fields in the dataset's configuration, or mend the record.",
            Assert.Throws<InputException>(() => record.Text("text")).Message);
        Assert.Equal($"{file}:1: the field 'answer' is a number where a text is wanted.", Assert.Throws<InputException>(() => record.Text("answer")).Message);
    }

    [Fact]
    public void A_missing_file_and_an_empty_folder_are_refused()
    {
        var missing = folder.File("missing.jsonl");
        Assert.Equal(
            $"There is no dataset file or folder at {missing}. Give the path of a JSONL or parquet file or of a folder with such files, or an id of the hub: org/name.",
            Assert.Throws<InputException>(() => JsonFiles.Find(missing, null)).Message);
        Directory.CreateDirectory(folder.File("void"));
        Assert.Equal(
            $"The dataset folder {folder.File("void")} holds no .jsonl, .json or .parquet file. Put the data there, or name the files in data_files.",
            Assert.Throws<InputException>(() => JsonFiles.Find(folder.File("void"), null)).Message);
    }

    [Fact]
    public void An_empty_dataset_and_one_without_use_are_refused()
    {
        var empty = folder.Write("empty.jsonl", "\n");
        Assert.Equal($"The dataset {empty} is empty. Put at least one record into it.", Error(empty));
        var useless = folder.Write("useless.jsonl", "{\"instruction\": \"a\", \"output\": \"b\"}");
        Assert.Equal(
            $"None of the 1 records of the dataset {useless} can be trained: they have more than sequence_len (8) tokens, or nothing in them is trained. "
            + "Raise sequence_len, set excess_length_strategy to truncate, or check the dataset's type and fields.",
            Error(useless));

        static string Error(string path) => Assert.Throws<InputException>(() => new DataLoader(
            new DataOptions { SequenceLength = 8, Datasets = [new DatasetOptions { Path = path, Type = new DatasetTypeOptions { Name = "alpaca" } }] },
            new CharacterEncoder()).Load(0)).Message;
    }
}
