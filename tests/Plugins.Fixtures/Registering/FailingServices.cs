using Microsoft.Extensions.DependencyInjection;

namespace Neoteny.Plugins.Registering;

public sealed class FailingServices : IPluginServices
{
    public void Configure(IServiceCollection services) => throw new OwnException("registration is closed");
}
