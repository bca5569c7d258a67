using Microsoft.Extensions.DependencyInjection;

namespace Neoteny.Plugins.Parting;

internal sealed class PartingServices : IPluginServices
{
    public void Configure(IServiceCollection services) => services.AddSingleton<Clock>();
}
