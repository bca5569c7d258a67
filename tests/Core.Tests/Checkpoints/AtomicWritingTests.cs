using Neoteny.Models.Checkpoints;

namespace Neoteny.Core.Tests.Checkpoints;

public class AtomicWritingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_full_disk_leaves_the_previous_file_and_nothing_else()
    {
        var path = folder.Write("x", "previous");
        var error = Assert.Throws<NeotenyException>(() => AtomicFile.Write(path, s => s.Write(new byte[100]), s => new FullDisk(s, 50)));
        Assert.Equal($"{path} could not be written: the disk is full. The previous file is intact. Free some space, or choose another place.", error.Message);
        Assert.Equal(1, error.ExitCode);
        Assert.Equal("previous", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_device_without_space_is_reported_as_a_full_disk()
    {
        var error = Assert.ThrowsAny<IOException>(() =>
        {
            using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            full.Write(new byte[10]);
        });
        Assert.Equal("/a/b could not be written: the disk is full. Free some space, or choose another place.", WriteFailure.Describe("/a/b", "file", error)!.Message);
    }

    [Fact]
    public void A_missing_folder_is_an_input_error()
        => Assert.Equal($"{folder.File("no/x")} cannot be written: its folder does not exist. Create it, or choose another place.",
            Assert.Throws<InputException>(() => AtomicFile.Write(folder.File("no/x"), _ => { })).Message);

    [Fact]
    public void A_folder_that_fails_half_way_leaves_the_previous_one()
    {
        var path = folder.File("checkpoint");
        AtomicDirectory.Write(path, p => File.WriteAllText(Path.Combine(p, "a"), "first"));
        Assert.Throws<InvalidOperationException>(() => AtomicDirectory.Write(path, p =>
        {
            File.WriteAllText(Path.Combine(p, "a"), "second");
            throw new InvalidOperationException();
        }));
        var error = Assert.Throws<NeotenyException>(() => AtomicDirectory.Write(path, p => throw new IOException("No space left on device", 28)));
        Assert.Equal($"{path} could not be written: the disk is full. The previous folder is intact. Free some space, or choose another place.", error.Message);
        Assert.Equal("first", File.ReadAllText(Path.Combine(path, "a")));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_new_folder_replaces_the_previous_one_whole()
    {
        var path = folder.File("parent/checkpoint");
        AtomicDirectory.Write(path, p => File.WriteAllText(Path.Combine(p, "a"), "first"));
        AtomicDirectory.Write(path, p => File.WriteAllText(Path.Combine(p, "b"), "second"));
        Assert.Equal([Path.Combine(path, "b")], Directory.GetFileSystemEntries(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.File("parent")));
    }

    [Fact]
    public void Leftovers_of_a_killed_process_are_removed_and_those_of_a_living_one_are_not()
    {
        var path = folder.File("checkpoint");
        Directory.CreateDirectory($"{path}.tmp-999999999/deep");
        Directory.CreateDirectory($"{path}.tmp-1");
        Directory.CreateDirectory($"{path}.tmp-mine");
        AtomicDirectory.Write(path, p => File.WriteAllText(Path.Combine(p, "a"), "first"));
        Assert.Equal([path, $"{path}.tmp-1", $"{path}.tmp-mine"], Directory.GetDirectories(folder.Path).Order());
    }

    private sealed class FullDisk(Stream inner, int space) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (inner.Position + count > space)
            {
                throw new IOException("No space left on device", 28);
            }

            inner.Write(buffer, offset, count);
        }
    }
}
