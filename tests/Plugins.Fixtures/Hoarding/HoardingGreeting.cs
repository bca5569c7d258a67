using Neoteny.Fixture;
using TorchSharp;

namespace Neoteny.Plugins.Hoarding;

/// <summary>Keeps a tensor in a static field and never frees it.</summary>
[Provides("hoarding")]
public sealed class HoardingGreeting : IGreeting
{
    private static torch.Tensor? kept;

    public string Greet()
    {
        kept ??= torch.ones(3, 4);
        return $"{kept.NumberOfElements} elements";
    }
}
