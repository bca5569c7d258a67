namespace Neoteny.Models.Hub;

/// <summary>The hub has no such repository, as far as the asker may see.</summary>
public sealed class HubNotFoundException : NeotenyException
{
    /// <summary>Creates the error.</summary>
    public HubNotFoundException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public override int ExitCode => 2;
}
