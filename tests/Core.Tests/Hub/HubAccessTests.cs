using Neoteny.Models.Hub;
using Neoteny.Tests.Shared;

namespace Neoteny.Core.Tests.Hub;

public sealed class HubAccessTests
{
    [Fact]
    public void The_token_goes_to_the_hub_and_not_where_it_redirects_to()
    {
        using var fixture = new HubFixture(token: "hf_secret");
        fixture.Fetch(fixture.Settings with { Token = "hf_secret" });
        Assert.All(fixture.Hub.Requests.Where(r => !r.IsContentHost), r => Assert.Equal("Bearer hf_secret", r.Authorization));
        Assert.Null(Assert.Single(fixture.Hub.Requests, r => r.IsContentHost).Authorization);
    }

    [Fact]
    public void Without_a_token_a_private_repository_is_as_good_as_absent()
    {
        using var fixture = new HubFixture(token: "hf_secret");
        var error = Assert.Throws<HubNotFoundException>(() => fixture.Fetch());
        Assert.Equal("There is no model 'org/name' on 127.0.0.1, or it is private and HF_TOKEN is not set. Check the name.", error.Message);
        Assert.Equal(2, error.ExitCode);
    }

    [Fact]
    public void A_gated_repository_names_its_page_and_the_variable()
    {
        using var fixture = new HubFixture(token: "hf_secret");
        var error = Assert.Throws<InputException>(() => fixture.Fetch(fixture.Settings with { Token = "hf_other" }));
        Assert.StartsWith($"{fixture.Hub.Endpoint}org/name cannot be downloaded with the token in HF_TOKEN (or in HF_HOME). Accept the terms on that page", error.Message, StringComparison.Ordinal);
        fixture.Hub.Disturb = (_, response) =>
        {
            (response.StatusCode, response.Headers["X-Error-Code"]) = (401, "GatedRepo");
            response.Close();
            return Task.FromResult(true);
        };
        error = Assert.Throws<InputException>(() => fixture.Fetch());
        Assert.Equal($"{fixture.Hub.Endpoint}org/name asks for an agreement before it can be downloaded. Accept its terms on that page, and set HF_TOKEN to an access token of your account.", error.Message);
    }

    [Fact]
    public void What_the_hub_lacks_is_said_by_name()
    {
        using var fixture = new HubFixture();
        var error = Assert.Throws<HubNotFoundException>(() => fixture.Fetch(fixture.Settings with { Token = "t" }, new HubRepository(HubKind.Model, "org/other")));
        Assert.Equal("There is no model 'org/other' on 127.0.0.1. Check the name.", error.Message);
        var revision = Assert.Throws<InputException>(() => fixture.Fetch(repository: HubFixture.Repository with { Revision = "v9" }));
        Assert.Equal($"The model 'org/name' on 127.0.0.1 has no revision 'v9'. Its branches and tags are on {fixture.Hub.Endpoint}org/name/tree/main.", revision.Message);
    }

    [Theory]
    [InlineData("v1.0")]
    [InlineData("feature/x")]
    [InlineData(FakeHub.Commit)]
    public void A_revision_is_a_branch_a_tag_or_a_commit(string revision)
    {
        using var fixture = new HubFixture();
        fixture.Hub.Revisions[revision] = FakeHub.Commit;
        Assert.Equal(fixture.Snapshot, fixture.Fetch(repository: HubFixture.Repository with { Revision = revision }));
        Assert.Equal(revision != FakeHub.Commit, File.Exists(Path.Combine(fixture.Folder, "refs", revision)));
        var before = fixture.Hub.Requests.Count;
        fixture.Fetch(repository: HubFixture.Repository with { Revision = revision });
        // A commit never changes, so that nothing is asked.
        Assert.Equal(revision == FakeHub.Commit ? before : before + 1, fixture.Hub.Requests.Count);
    }

    [Fact]
    public void Offline_uses_what_is_here_and_says_what_is_not()
    {
        using var fixture = new HubFixture();
        var offline = fixture.Settings with { IsOffline = true };
        var error = Assert.Throws<InputException>(() => fixture.Fetch(offline));
        Assert.Equal(
            $"org/name is not in {fixture.Folder}, and nothing may be downloaded while HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set. "
            + "Unset it, or download it where there is a network and copy the folder.", error.Message);
        fixture.Fetch(selection: HubSelection.Tokenizer);
        Assert.Equal(fixture.Snapshot, fixture.Fetch(offline, selection: HubSelection.Tokenizer));
        error = Assert.Throws<InputException>(() => fixture.Fetch(offline));
        Assert.Equal($"org/name: {fixture.Snapshot} lacks model.safetensors, and nothing may be downloaded while HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set. Unset it.", error.Message);
        fixture.Fetch();
        var before = fixture.Hub.Requests.Count;
        Assert.Equal(fixture.Snapshot, fixture.Fetch(offline));
        Assert.Equal(before, fixture.Hub.Requests.Count);
    }

    [Fact]
    public void A_repository_with_other_formats_alone_is_refused()
    {
        using var fixture = new HubFixture();
        fixture.Hub.Files.Remove("model.safetensors");
        var error = Assert.Throws<InputException>(() => fixture.Fetch());
        Assert.Equal(
            "The model org/name has no safetensors, only pytorch_model.bin, formats that are not read. Choose a variant with safetensors, or convert it with Python's save_pretrained and name the folder.",
            error.Message);
    }

    [Fact]
    public void A_disk_without_room_is_noticed_before_anything_is_downloaded()
        => Assert.Equal(
            "/cache needs 5.00 GB more, but its disk has 4.00 GB left. Free some space, or set HF_HOME to a folder on another disk.",
            Assert.Throws<InputException>(() => DiskSpace.Check("/cache", 5_000_000_000, 4_000_000_000)).Message);

    [Theory]
    [InlineData("org/name", "org/name", "main")]
    [InlineData("org/name@v1", "org/name", "v1")]
    [InlineData("meta-llama/Llama-3.2-1B", "meta-llama/Llama-3.2-1B", "main")]
    [InlineData("./name", null, null)]
    [InlineData("/org/name", null, null)]
    [InlineData("~/name", null, null)]
    [InlineData("name", null, null)]
    [InlineData("a/b/c", null, null)]
    [InlineData("org/../name", null, null)]
    [InlineData("models--org/name", null, null)]
    public void Ids_are_told_from_paths(string text, string? name, string? revision)
    {
        var repository = HubRepository.Parse(HubKind.Model, text);
        Assert.Equal((name, revision), (repository?.Name, repository?.Revision));
    }

    [Fact]
    public void The_environment_of_the_python_tools_counts()
    {
        using var folder = new TemporaryFolder();
        folder.Write("token", "hf_file\n");
        var settings = Read(("HF_HOME", folder.Path), ("HF_ENDPOINT", "https://mirror.example/base/"), ("TRANSFORMERS_OFFLINE", "yes"));
        Assert.Equal(("hf_file", folder.File("hub"), true, "https://mirror.example/base/"), (settings.Token, settings.Cache, settings.IsOffline, settings.Endpoint.ToString()));
        settings = Read(("HOME", "/home/x"), ("HF_TOKEN", "t"), ("HF_HUB_OFFLINE", "0"));
        Assert.Equal(("t", "/home/x/.cache/huggingface/hub", false, HubSettings.PublicEndpoint), (settings.Token, settings.Cache, settings.IsOffline, settings.Endpoint));
        Assert.Equal("/c", Read(("HF_HUB_CACHE", "/c"), ("HF_HOME", "/h")).Cache);
        Assert.Equal(
            "HF_ENDPOINT is 'mirror', which is not the address of a hub. Set it to one that begins with https://, or unset it.",
            Assert.Throws<InputException>(() => Read(("HF_ENDPOINT", "mirror"))).Message);
    }

    [Theory]
    [InlineData("train", null, "data/train-00000-of-00002.parquet data/train-00001-of-00002.parquet")]
    [InlineData("test", null, "data/test-00000-of-00001.parquet")]
    public void Files_of_a_split_are_found_by_their_names(string split, string? subset, string expected)
        => Assert.Equal(expected.Split(' '), Data(["data/train-00001-of-00002.parquet", "data/train-00000-of-00002.parquet", "data/test-00000-of-00001.parquet", "train.json", "README.md"], split, subset));

    [Fact]
    public void Files_without_a_split_in_their_names_are_the_training_data()
    {
        Assert.Equal(["alpaca_data.json"], Data(["alpaca_data.json", "README.md"], "train", null));
        Assert.Equal(["sub/train.jsonl"], Data(["other/train.jsonl", "sub/train.jsonl"], "train", "sub"));
        var error = Assert.Throws<InputException>(() => Data(["train.jsonl"], "test", null));
        Assert.Equal("The dataset org/name has no file whose name tells the split 'test'. It has: train.jsonl. Name the files in data_files, or another split or name.", error.Message);
    }

    private static IReadOnlyList<string> Data(string[] files, string split, string? subset)
        => HubSelection.Data(split, subset, null).Choose(new HubRepository(HubKind.Dataset, "org/name"), files);

    private static HubSettings Read(params (string Name, string Value)[] variables)
        => HubSettings.FromEnvironment(n => variables.FirstOrDefault(v => v.Name == n).Value);
}
