namespace Neoteny.Models.Hub;

/// <summary>Where the hub is, who asks, and where files are kept: the settings that the Python tools share.</summary>
public sealed record HubSettings
{
    /// <summary>The public hub.</summary>
    public static readonly Uri PublicEndpoint = new("https://huggingface.co");

    /// <summary>The hub (<c>HF_ENDPOINT</c>).</summary>
    public Uri Endpoint { get; init; } = PublicEndpoint;

    /// <summary>The access token (<c>HF_TOKEN</c>, or the file <c>token</c> in <c>HF_HOME</c>); null for none.</summary>
    public string? Token { get; init; }

    /// <summary>The folder of downloads (<c>HF_HUB_CACHE</c>, or <c>hub</c> in <c>HF_HOME</c>).</summary>
    public required string Cache { get; init; }

    /// <summary>Whether nothing may be asked of the hub (<c>HF_HUB_OFFLINE</c>, <c>TRANSFORMERS_OFFLINE</c>).</summary>
    public bool IsOffline { get; init; }

    /// <summary>How many files are downloaded at the same time.</summary>
    public int Parallelism { get; init; } = 4;

    /// <summary>How often a failed request is tried again.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>The wait before the first retry; each later one waits about twice as long.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the hub may send nothing before a request counts as failed.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Reads the environment.</summary>
    /// <param name="variable">Gives a variable's value; null for the process's own.</param>
    /// <exception cref="InputException">A variable is malformed.</exception>
    public static HubSettings FromEnvironment(Func<string, string?>? variable = null)
    {
        variable ??= Environment.GetEnvironmentVariable;
        string? Get(string name) => variable(name) is { Length: > 0 } value ? value : null;
        var user = Get("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var home = Get("HF_HOME") ?? Path.Combine(Get("XDG_CACHE_HOME") ?? Path.Combine(user, ".cache"), "huggingface");
        return new HubSettings
        {
            Endpoint = Get("HF_ENDPOINT") is { } endpoint ? ParseEndpoint(endpoint) : PublicEndpoint,
            Token = (Get("HF_TOKEN") ?? Get("HUGGING_FACE_HUB_TOKEN") ?? ReadToken(Get("HF_TOKEN_PATH") ?? Path.Combine(home, "token")))?.Trim(),
            Cache = Path.GetFullPath(Expand(Get("HF_HUB_CACHE") ?? Get("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub"), user)),
            IsOffline = IsOn(Get("HF_HUB_OFFLINE")) || IsOn(Get("TRANSFORMERS_OFFLINE")),
        };
    }

    private static Uri ParseEndpoint(string text)
        => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new InputException($"HF_ENDPOINT is '{text}', which is not the address of a hub. Set it to one that begins with https://, or unset it.");

    private static bool IsOn(string? value) => value?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    private static string Expand(string path, string user) => path.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(user, path[2..]) : path;

    private static string? ReadToken(string path)
    {
        try
        {
            return File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } token ? token : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"The hub's token cannot be read from {path}: {e.Message} Check its permissions, or set HF_TOKEN.", e);
        }
    }
}
