namespace Neoteny.Models.Checkpoints;

/// <summary>Turns the system's errors on writing into messages with a place and a remedy.</summary>
internal static class WriteFailure
{
    // ENOSPC and EDQUOT, as .NET reports them on Linux.
    private const int NoSpace = 28;
    private const int Quota = 122;

    /// <summary>What to throw instead of <paramref name="error"/>; null when it is not about the disk.</summary>
    public static NeotenyException? Describe(string path, string kind, Exception error)
    {
        var kept = File.Exists(path) || Directory.Exists(path) ? $" The previous {kind} is intact." : "";
        return error switch
        {
            DirectoryNotFoundException => new InputException($"{path} cannot be written: its folder does not exist. Create it, or choose another place.", error),
            UnauthorizedAccessException => new InputException($"{path} cannot be written: no permission.{kept} Choose another place, or change the permissions.", error),
            IOException { HResult: NoSpace or Quota } => new NeotenyException($"{path} could not be written: the disk is full.{kept} Free some space, or choose another place.", error),

            // What .NET makes of EFBIG.
            ArgumentOutOfRangeException { ParamName: "value", Source: "System.Private.CoreLib" } => new NeotenyException(
                $"{path} could not be written: the file is larger than the file system or a limit (ulimit -f) allows.{kept} Raise the limit, or choose another place.", error),
            IOException => new NeotenyException($"{path} could not be written: {error.Message}{kept} Check the disk, or choose another place.", error),
            _ => null,
        };
    }
}
