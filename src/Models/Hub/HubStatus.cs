using System.Net;

namespace Neoteny.Models.Hub;

/// <summary>Turns the hub's refusals into messages.</summary>
internal static class HubStatus
{
    /// <summary>Throws unless the answer is a success, or a redirect that was to be the answer.</summary>
    /// <exception cref="HubNotFoundException">There is no such repository.</exception>
    /// <exception cref="InputException">Access is refused, or there is no such revision or file.</exception>
    /// <exception cref="HubTransferException">The hub is busy or broken.</exception>
    public static void Check(HttpResponseMessage response, HubSettings settings, HubRepository repository, string? file = null)
    {
        if ((int)response.StatusCode < 400)
        {
            return;
        }

        var page = repository.Page(settings.Endpoint);
        throw (response.StatusCode, Header(response, "X-Error-Code")) switch
        {
            (_, "GatedRepo") => Gated(page, settings),
            (_, "RevisionNotFound") => new InputException($"The {repository.Word} '{repository.Name}' on {settings.Endpoint.Host} has no revision '{repository.Revision}'. Its branches and tags are on {page}/tree/main."),
            (_, "RepoNotFound") or (HttpStatusCode.NotFound, null) when file is null => NotFound(repository, settings),
            (HttpStatusCode.NotFound, _) => new InputException($"The {repository.Word} {repository} on {settings.Endpoint.Host} has no file '{file}'."),
            (HttpStatusCode.Unauthorized, _) when settings.Token is null => NotFound(repository, settings),
            (HttpStatusCode.Unauthorized, _) => new InputException($"{settings.Endpoint.Host} does not accept the token in HF_TOKEN (or in HF_HOME). Set HF_TOKEN to a valid one, or unset it for public repositories."),
            (HttpStatusCode.Forbidden, _) => Gated(page, settings),
            (HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError, _) => new HubTransferException(
                $"{response.RequestMessage?.RequestUri?.Host} answered {(int)response.StatusCode} {response.ReasonPhrase}", RetryAfter(response)),
            _ => new InputException($"{page}: {settings.Endpoint.Host} answered {(int)response.StatusCode} {response.ReasonPhrase}. {Header(response, "X-Error-Message") ?? "Check the name."}"),
        };
    }

    /// <summary>The first value of a header; null where it is absent.</summary>
    public static string? Header(HttpResponseMessage response, string name)
        => response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values) ? values.First() : null;

    private static InputException Gated(string page, HubSettings settings) => new(settings.Token is null
        ? $"{page} asks for an agreement before it can be downloaded. Accept its terms on that page, and set HF_TOKEN to an access token of your account."
        : $"{page} cannot be downloaded with the token in HF_TOKEN (or in HF_HOME). Accept the terms on that page with the account of the token, and check that the token may read gated repositories.");

    private static HubNotFoundException NotFound(HubRepository repository, HubSettings settings) => new(
        $"There is no {repository.Word} '{repository.Name}' on {settings.Endpoint.Host}{(settings.Token is null ? ", or it is private and HF_TOKEN is not set" : "")}. Check the name.");

    private static TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } wait } => wait,
        { Date: { } date } when date > DateTimeOffset.UtcNow => date - DateTimeOffset.UtcNow,
        _ => null,
    };
}
