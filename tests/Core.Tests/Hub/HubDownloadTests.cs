using Neoteny.Models.Hub;
using Neoteny.Tests.Shared;

namespace Neoteny.Core.Tests.Hub;

public sealed class HubDownloadTests : IDisposable
{
    private readonly HubFixture fixture = new();

    public void Dispose() => fixture.Dispose();

    [Fact]
    public void A_download_has_the_layout_of_the_python_tools_and_only_the_files_needed()
    {
        var snapshot = fixture.Fetch();
        Assert.Equal(fixture.Snapshot, snapshot);
        string[] needed = ["additional_chat_templates/tools.jinja", "config.json", "model.safetensors", "tokenizer.json"];
        Assert.Equal(needed, Directory.EnumerateFiles(snapshot, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(snapshot, f)).Order(StringComparer.Ordinal));
        Assert.All(needed, f => Assert.Equal(fixture.Hub.Files[f], File.ReadAllBytes(Path.Combine(snapshot, f))));
        Assert.Equal(FakeHub.Commit, File.ReadAllText(Path.Combine(fixture.Folder, "refs", "main")));
        Assert.Equal(needed.Select(fixture.Hub.ETag).Order(), Directory.EnumerateFiles(Path.Combine(fixture.Folder, "blobs")).Select(f => Path.GetFileName(f)).Order());
        Assert.Equal("../../blobs/" + fixture.Hub.ETag("config.json"), new FileInfo(Path.Combine(snapshot, "config.json")).LinkTarget);
        Assert.Equal("../../../blobs/" + fixture.Hub.ETag(needed[0]), new FileInfo(Path.Combine(snapshot, needed[0])).LinkTarget);
        Assert.Equal(["blobs", "refs", "snapshots"], Directory.EnumerateFileSystemEntries(fixture.Folder).Select(f => Path.GetFileName(f)).Order());
    }

    [Fact]
    public void A_second_call_asks_for_the_commit_alone()
    {
        fixture.Fetch();
        var before = fixture.Hub.Requests.Count;
        fixture.Fetch();
        Assert.Equal("/api/models/org/name/revision/main", Assert.Single(fixture.Hub.Requests.Skip(before)).Path);
    }

    [Fact]
    public void A_connection_cut_in_the_middle_goes_on_where_it_stopped()
    {
        fixture.Disturb("model.safetensors", 2, async (request, response, content) =>
        {
            var from = request.From;
            response.StatusCode = from > 0 ? 206 : 200;
            if (from > 0)
            {
                response.AddHeader("Content-Range", $"bytes {from}-{content.Length - 1}/{content.Length}");
            }

            response.ContentLength64 = content.Length - from;
            await response.OutputStream.WriteAsync(content.AsMemory(from, 100_000));
            await response.OutputStream.FlushAsync();
            response.Abort();
        });
        var snapshot = fixture.Fetch();
        Assert.Equal(fixture.Hub.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(snapshot, "model.safetensors")));
        var ranges = fixture.Hub.Downloads("model.safetensors").Select(r => r.From).ToList();
        Assert.Equal(3, ranges.Count);
        Assert.Equal(0, ranges[0]);
        Assert.True(ranges[2] > ranges[1] && ranges[1] > 0, string.Join(", ", ranges));
    }

    [Fact]
    public void A_server_that_ignores_ranges_sends_the_file_anew()
    {
        var blob = Path.Combine(fixture.Folder, "blobs", fixture.Hub.ETag("model.safetensors"));
        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        File.WriteAllBytes(blob + ".incomplete", [9, 9, 9]);
        fixture.Disturb("model.safetensors", 1, async (_, response, content) =>
        {
            await response.OutputStream.WriteAsync(content);
            response.Close();
        });
        Assert.Equal(fixture.Hub.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(fixture.Fetch(), "model.safetensors")));
    }

    [Fact]
    public void A_damaged_file_is_fetched_again_once_and_then_refused()
    {
        Func<HubRequest, System.Net.HttpListenerResponse, byte[], Task> damage = async (_, response, content) =>
        {
            await response.OutputStream.WriteAsync(new byte[content.Length]);
            response.Close();
        };
        fixture.Disturb("model.safetensors", 2, damage);
        var error = Assert.Throws<NeotenyException>(() => fixture.Fetch());
        Assert.Equal(
            "model.safetensors of org/name arrived damaged 2 times: its SHA-256 is not the one that 127.0.0.1 tells. Check the network and any proxy, then try again.", error.Message);
        Assert.False(Directory.Exists(fixture.Snapshot));
        Assert.Empty(Directory.GetFiles(Path.Combine(fixture.Folder, "blobs"), "*.incomplete"));
        fixture.Disturb("model.safetensors", 1, damage);
        Assert.Equal(fixture.Hub.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(fixture.Fetch(), "model.safetensors")));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public void A_busy_hub_is_asked_again(int status)
    {
        var times = 2;
        fixture.Hub.Disturb = (_, response) =>
        {
            if (Interlocked.Decrement(ref times) < 0)
            {
                return Task.FromResult(false);
            }

            response.StatusCode = status;
            response.AddHeader("Retry-After", "0");
            response.Close();
            return Task.FromResult(true);
        };
        Assert.Equal(fixture.Snapshot, fixture.Fetch());
    }

    [Fact]
    public void A_hub_that_stays_down_is_an_error_unless_an_earlier_download_is_here()
    {
        fixture.Hub.Disturb = (_, response) =>
        {
            response.StatusCode = 500;
            response.Close();
            return Task.FromResult(true);
        };
        var error = Assert.Throws<NeotenyException>(() => fixture.Fetch());
        Assert.Equal("org/name could not be downloaded: 127.0.0.1 answered 500 Internal Server Error. Check the network (and HF_ENDPOINT), then run it again: it goes on where it stopped.", error.Message);
        Assert.Equal(4, fixture.Hub.Requests.Count);
        var disturb = fixture.Hub.Disturb;
        fixture.Hub.Disturb = null;
        fixture.Fetch();
        fixture.Hub.Disturb = disturb;
        var warnings = new List<string>();
        Assert.Equal(fixture.Snapshot, fixture.Fetch(warn: warnings.Add));
        Assert.Equal($"org/name: 127.0.0.1 answered 500 Internal Server Error; the download in {fixture.Snapshot} is used", Assert.Single(warnings));
    }

    [Fact]
    public async Task An_interrupted_download_leaves_no_snapshot_and_resumes()
    {
        using var stop = new CancellationTokenSource();
        fixture.Disturb("model.safetensors", 1, async (_, response, content) =>
        {
            response.ContentLength64 = content.Length;
            await response.OutputStream.WriteAsync(content.AsMemory(0, 120_000));
            await response.OutputStream.FlushAsync();
            await Task.Delay(300);
            await stop.CancelAsync();
            response.Abort();
        });
        using var client = new HubClient(fixture.Settings);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.Fetch(HubFixture.Repository, HubSelection.Model, stop.Token));
        Assert.False(Directory.Exists(Path.Combine(fixture.Folder, "snapshots")));
        Assert.False(Directory.Exists(Path.Combine(fixture.Folder, "refs")));
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(fixture.Folder, "blobs"), "*.incomplete"));
        fixture.Fetch();
        Assert.True(fixture.Hub.Downloads("model.safetensors").Last().From > 0);
    }

    [Fact]
    public async Task Two_at_once_download_each_file_once()
    {
        fixture.Hub.Disturb = async (request, _) =>
        {
            await Task.Delay(request.Method == "GET" ? 50 : 0);
            return false;
        };
        var folders = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => fixture.Fetch())));
        Assert.All(folders, f => Assert.Equal(fixture.Snapshot, f));
        Assert.Single(fixture.Hub.Downloads("model.safetensors"));
        Assert.Single(fixture.Hub.Downloads("config.json"));
        Assert.Equal([FakeHub.Commit], Directory.EnumerateFileSystemEntries(Path.Combine(fixture.Folder, "snapshots")).Select(f => Path.GetFileName(f)));
    }

    [Fact]
    public void What_the_hub_says_of_paths_is_not_trusted()
    {
        fixture.Hub.Files["../../outside.json"] = [1];
        Assert.EndsWith("the hub names '../../outside.json', which is no plain name. Check HF_ENDPOINT.", Assert.Throws<NeotenyException>(() => fixture.Fetch()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_ends_with_everything_here()
    {
        var reports = new List<HubTransfer>();
        using var client = new HubClient(fixture.Settings) { Progress = reports.Add };
        await client.Fetch(HubFixture.Repository, HubSelection.Model, CancellationToken.None);
        Assert.True(reports[^1].IsComplete);
        Assert.Equal(300_011, reports[^1].Total);
        Assert.StartsWith("org/name: 300.0 kB of 300.0 kB, ", reports[^1].ToString(), StringComparison.Ordinal);
    }
}
