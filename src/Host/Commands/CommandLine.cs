using System.CommandLine;

namespace Neoteny.Host.Commands;

/// <summary>Parses the command line, runs the command, and turns what it throws into a message and an exit code.</summary>
internal static class CommandLine
{
    /// <summary>Runs one command.</summary>
    /// <param name="args">The program's arguments.</param>
    /// <param name="output">For results.</param>
    /// <param name="error">For errors.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var globals = new GlobalOptions();
        var parsed = CommandTree.Create(globals).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var problem in parsed.Errors)
                error.WriteLine($"error: {problem.Message}");
            error.WriteLine("'neoteny --help' lists the commands and their options.");
            return ExitCode.Usage;
        }
        try
        {
            // Signals are the command's matter: training finishes its step first.
            var configuration = new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(configuration);
        }
        catch (Exception e)
        {
            return Report(e, parsed.GetValue(globals.Verbose), error);
        }
    }

    private static int Report(Exception exception, bool verbose, TextWriter error)
    {
        if (exception is OperationCanceledException)
            return ExitCode.Interrupted;
        if (exception is not NeotenyException && Runtime.Cuda.DeviceMemory.IsExhausted(exception))
        {
            exception = new NeotenyException("The GPU ran out of memory while loading, evaluating or generating. Lower sequence_len or micro_batch_size, train an adapter (adapter: lora), set bf16: true, "
                + "or end what else uses the GPU (nvidia-smi shows it).", exception);
        }

        var known = exception as NeotenyException;
        var blame = known is null ? Plugins.PluginBlame.Of(exception) : null;
        error.WriteLine($"error: {known?.Message ?? blame ?? $"{exception.GetType().Name}: {exception.Message}"}");
        if (verbose)
            error.WriteLine(exception);
        else if (blame is not null)
            error.WriteLine("Take it out of the configuration, or install another version; --verbose shows where it failed.");
        else if (known is null)
            error.WriteLine("This should not happen; run with --verbose to see where it did.");
        return known?.ExitCode ?? ExitCode.Failure;
    }
}
