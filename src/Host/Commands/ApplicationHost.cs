using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Neoteny.Host.Configuration;
using Serilog;

namespace Neoteny.Host.Commands;

/// <summary>Runs a command that works with a configuration inside the generic host.</summary>
/// <remarks>
/// The host brings logging, the lifetime (Ctrl-C and SIGTERM cancel the token that the command gets) and a container for the command's own
/// services. It starts empty: reading appsettings and the environment would cost more than most commands take.
/// </remarks>
internal static class ApplicationHost
{
    /// <summary>Opens a configuration and runs a command on it.</summary>
    /// <param name="config">The configuration file.</param>
    /// <param name="verbose">Whether to log in detail.</param>
    /// <param name="pluginFolders">Folders given with <c>--plugin-dir</c>.</param>
    /// <param name="command">The command; the token is cancelled by Ctrl-C and SIGTERM.</param>
    public static Task<int> RunAsync(
        string config, bool verbose, IEnumerable<string> pluginFolders, Func<RunContext, IServiceProvider, CancellationToken, Task<int>> command)
        => RunAsync(() => RunFile.Load(config), ConsoleLog.Create(verbose), pluginFolders, command);

    /// <summary>Opens a configuration and runs a command on it.</summary>
    /// <param name="open">Reads the configuration.</param>
    /// <param name="log">Where the host and the command log; disposed with the host.</param>
    /// <param name="pluginFolders">Folders given with <c>--plugin-dir</c>.</param>
    /// <param name="command">The command; the token is cancelled by Ctrl-C and SIGTERM.</param>
    /// <param name="lifetime">What handles signals; null for the console's.</param>
    public static async Task<int> RunAsync(
        Func<RunFile> open,
        Serilog.ILogger log,
        IEnumerable<string> pluginFolders,
        Func<RunContext, IServiceProvider, CancellationToken, Task<int>> command,
        IHostLifetime? lifetime = null)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSerilog(log, dispose: true);
        builder.Services.Configure<ConsoleLifetimeOptions>(o => o.SuppressStatusMessages = true);
        if (lifetime is not null)
        {
            builder.Services.AddSingleton(lifetime);
        }

        builder.Services.AddSingleton(_ => HostSetup.Create(pluginFolders));
        builder.Services.AddSingleton(s => RunContext.Open(open(), s.GetRequiredService<HostSetup>(), s.GetRequiredService<ILoggerFactory>()));
        using var host = builder.Build();
        await host.StartAsync();
        try
        {
            var stopping = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
            return await command(host.Services.GetRequiredService<RunContext>(), host.Services, stopping);
        }
        finally
        {
            await host.StopAsync();
        }
    }
}
