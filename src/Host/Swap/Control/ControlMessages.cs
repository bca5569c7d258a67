using System.Text.Json;
using System.Text.Json.Serialization;

namespace Neoteny.Host.Swap.Control;

/// <summary>What is asked of a live run: one JSON object on one line.</summary>
/// <param name="Command"><c>swap</c> or <c>status</c>.</param>
/// <param name="Target">For a swap: what is wanted, such as <c>attention=eager</c>.</param>
internal sealed record ControlRequest(string Command, string? Target = null)
{
    /// <summary>Exchanges something.</summary>
    public static readonly string Swap = "swap";

    /// <summary>Tells how far the run is and what computes in it.</summary>
    public static readonly string Status = "status";
}

/// <summary>What a live run answers: one JSON object on one line.</summary>
/// <param name="ExitCode">0 where it was done; 1 where it was refused, 2 where the request made no sense.</param>
/// <param name="Message">One line for people.</param>
internal sealed record ControlReply(int ExitCode, string Message)
{
    /// <summary>The run at the time of the answer.</summary>
    public RunStatus? Status { get; init; }

    /// <summary>How long the training thread stood still for the swap, in milliseconds; null where none was made.</summary>
    public double? PauseMilliseconds { get; init; }

    /// <summary>Whether what went was freed; null where nothing went.</summary>
    public bool? OldIsFreed { get; init; }
}

/// <summary>Reads and writes the messages.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlReply))]
internal sealed partial class ControlJson : JsonSerializerContext;
