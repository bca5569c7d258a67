using Neoteny.Models.Hub;
using Neoteny.Tests.Shared;

namespace Neoteny.Core.Tests.Hub;

/// <summary>A fake hub with a small model, and an empty cache.</summary>
internal sealed class HubFixture : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public HubFixture(string? token = null)
    {
        Hub = new FakeHub { Token = token };
        var weights = new byte[300_000];
        new Random(1).NextBytes(weights);
        (Hub.Files["config.json"], Hub.Files["tokenizer.json"], Hub.Files["model.safetensors"]) = ("{}"u8.ToArray(), "{\"a\": 1}"u8.ToArray(), weights);
        (Hub.Files["pytorch_model.bin"], Hub.Files["onnx/model.onnx"], Hub.Files["README.md"]) = ([1], [2], [3]);
        Hub.Files["additional_chat_templates/tools.jinja"] = "x"u8.ToArray();
        Hub.Large.Add("model.safetensors");
    }

    public FakeHub Hub { get; }

    public static HubRepository Repository { get; } = new(HubKind.Model, "org/name");

    public string Cache => folder.File("hub");

    public string Folder => Path.Combine(Cache, "models--org--name");

    public string Snapshot => Path.Combine(Folder, "snapshots", FakeHub.Commit);

    public HubSettings Settings => new()
    {
        Endpoint = Hub.Endpoint,
        Cache = Cache,
        RetryDelay = TimeSpan.FromMilliseconds(5),
        Retries = 3,
        Patience = TimeSpan.FromSeconds(5),
    };

    public string Fetch(HubSettings? settings = null, HubRepository? repository = null, HubSelection? selection = null, Action<string>? warn = null)
    {
        using var client = new HubClient(settings ?? Settings) { Warn = warn };
        return client.Fetch(repository ?? Repository, selection ?? HubSelection.Model, CancellationToken.None).GetAwaiter().GetResult();
    }

    /// <summary>Answers the content of a file wrongly until a number of tries is used up.</summary>
    public void Disturb(string file, int times, Func<HubRequest, System.Net.HttpListenerResponse, byte[], Task> answer)
        => Hub.Disturb = async (request, response) =>
        {
            if (request.Method != "GET" || !request.Path.EndsWith("/content/" + file, StringComparison.Ordinal) || Interlocked.Decrement(ref times) < 0)
            {
                return false;
            }

            await answer(request, response, Hub.Files[file]);
            return true;
        };

    public void Dispose()
    {
        Hub.Dispose();
        folder.Dispose();
    }
}
