using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Neoteny.Plugins;
using Scrutor;

namespace Neoteny.Host.Plugins;

/// <summary>Builds a plugin's own service container: its options, its extensions keyed by name, and what it adds itself.</summary>
internal static class PluginContainer
{
    /// <param name="assembly">The loaded assembly.</param>
    /// <param name="manifest">What its metadata says.</param>
    /// <param name="options">Its bound option records.</param>
    /// <param name="logs">The host's loggers.</param>
    public static ServiceProvider Build(Assembly assembly, PluginManifest manifest, IEnumerable<object> options, ILoggerFactory logs)
    {
        var services = new ServiceCollection();
        services.AddSingleton<ILoggerFactory>(new PluginLoggerFactory(logs, manifest.Id));
        services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        foreach (var record in options)
            services.AddSingleton(record.GetType(), record);
        AddExtensions(services, assembly, manifest);
        foreach (var type in assembly.GetTypes().Where(t => t.IsClass && !t.IsAbstract && t.IsAssignableTo(typeof(IPluginServices))))
            ((IPluginServices)Activator.CreateInstance(type)!).Configure(services);
        return services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true });
    }

    private static void AddExtensions(ServiceCollection services, Assembly assembly, PluginManifest manifest)
    {
        services.Scan(scan => scan
            .FromAssemblies(assembly)
            .AddClasses(classes => classes.WithAttribute<ProvidesAttribute>(), publicOnly: false)
            .UsingRegistrationStrategy(RegistrationStrategy.Throw)
            .AsSelf()
            .WithSingletonLifetime());
        foreach (var provided in manifest.Provides)
        {
            var type = assembly.GetType(provided.TypeName, throwOnError: true)!;
            var point = type.GetInterfaces().First(i => i.FullName == provided.Point);
            services.AddKeyedSingleton(point, provided.Name, (provider, _) => provider.GetRequiredService(type));
        }
    }
}
