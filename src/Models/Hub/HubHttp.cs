using System.Net;
using System.Net.Http.Headers;

namespace Neoteny.Models.Hub;

/// <summary>Requests to the hub. Redirects are followed by hand, so that the token never reaches another host.</summary>
internal sealed class HubHttp : IDisposable
{
    private const int MostRedirects = 8;

    private readonly HubSettings settings;
    private readonly HttpClient client;

    public HubHttp(HubSettings settings)
    {
        this.settings = settings;
        client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = settings.Patience,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("neoteny", "0.1"));

        // Sizes and ranges must be those of the file itself.
        client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    public HubSettings Settings => settings;

    /// <summary>The address of something on the hub.</summary>
    public Uri At(string path) => new($"{settings.Endpoint.ToString().TrimEnd('/')}/{path}");

    /// <summary>Sends a request and follows redirects; only the header of the answer is read.</summary>
    /// <param name="method">GET or HEAD.</param>
    /// <param name="uri">The address.</param>
    /// <param name="from">The first byte wanted; 0 for all.</param>
    /// <param name="staysOnHost">Whether a redirect to another host is the answer itself, as it is where only the hub's own headers count.</param>
    /// <param name="stop">Cancels.</param>
    /// <exception cref="HubTransferException">The connection failed, or nothing came in time.</exception>
    public async Task<HttpResponseMessage> Send(HttpMethod method, Uri uri, long from, bool staysOnHost, CancellationToken stop)
    {
        for (var redirects = 0; ; redirects++)
        {
            var response = await SendOne(method, uri, from, stop).ConfigureAwait(false);
            if ((int)response.StatusCode is < 300 or >= 400 || response.Headers.Location is not { } location)
            {
                return response;
            }

            var next = new Uri(uri, location);
            if (staysOnHost && !IsSameHost(next, uri))
            {
                return response;
            }

            response.Dispose();
            if (redirects == MostRedirects)
            {
                throw new HubTransferException($"{uri.Host} redirects without end");
            }

            uri = next;
        }
    }

    public void Dispose() => client.Dispose();

    private async Task<HttpResponseMessage> SendOne(HttpMethod method, Uri uri, long from, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(method, uri);
        if (settings.Token is { } token && IsSameHost(uri, settings.Endpoint))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (from > 0)
        {
            request.Headers.Range = new RangeHeaderValue(from, null);
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(settings.Patience);
        try
        {
            return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw new HubTransferException($"{uri.Host} cannot be reached ({e.Message})", inner: e, isFinal: e.HttpRequestError == HttpRequestError.NameResolutionError);
        }
        catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
        {
            throw new HubTransferException($"{uri.Host} did not answer within {settings.Patience.TotalSeconds:0.#} s", inner: e);
        }
    }

    private static bool IsSameHost(Uri one, Uri other) => one.Scheme == other.Scheme && one.Authority == other.Authority;
}
