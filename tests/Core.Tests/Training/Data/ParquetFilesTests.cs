using Neoteny.Training.Data;
using Parquet;
using Parquet.Serialization;

namespace Neoteny.Core.Tests.Training.Data;

public sealed class ParquetFilesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Rows_of_every_group_are_records_with_nested_lists_and_missing_values()
    {
        var rows = Enumerable.Range(0, 25).Select(i => new Row
        {
            Text = i == 3 ? null : $"text {i}",
            Count = i,
            Messages = [new Message { Role = "user", Content = $"question {i}" }, new Message { Role = "assistant", Content = "answer" }],
        }).ToList();
        var file = folder.File("train.parquet");
        await ParquetSerializer.SerializeAsync(rows, file, new ParquetOptions { RowGroupSize = 10 });
        var records = ParquetFiles.Read(file).ToList();
        Assert.Equal(25, records.Count);
        Assert.Equal("text 24", records[24].Text("Text"));
        Assert.Null(records[3].OptionalText("Text"));
        Assert.Equal(12, records[12].Element.GetProperty("Count").GetInt32());
        var messages = records[7].List("Messages");
        Assert.Equal(2, messages.Count);
        Assert.Equal(("user", "question 7"), (messages[0].GetProperty("Role").GetString(), messages[0].GetProperty("Content").GetString()));
        Assert.Equal($"{file}, record 13", records[12].Place);
    }

    [Fact]
    public void A_file_that_is_no_parquet_is_refused_by_name()
    {
        var file = folder.Write("train.parquet", "no parquet at all");
        Assert.StartsWith($"{file}: is not a parquet file that can be read: ", Assert.Throws<InputException>(() => ParquetFiles.Read(file).Count()).Message, StringComparison.Ordinal);
    }

    public sealed class Row
    {
        public string? Text { get; set; }

        public int Count { get; set; }

        public List<Message> Messages { get; set; } = [];
    }

    public sealed class Message
    {
        public string? Role { get; set; }

        public string? Content { get; set; }
    }
}
