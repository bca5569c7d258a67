using Microsoft.Extensions.Logging;
using Neoteny.Fixture;

namespace Neoteny.Plugins.Greeter;

[Provides("hello", Summary = "Says hello.")]
[Provides("hi")]
public sealed class HelloGreeting(GreeterOptions options, ILogger<HelloGreeting> logger) : IGreeting
{
    public string Greet()
    {
        logger.LogInformation("Greeting {Name}", options.Name);
        var languages = string.Concat(options.Languages.Select(l => $" {l.Code}={l.Weight}"));
        return $"hello {options.Name} x{options.Times} {options.Mood}{languages} ({Words.Dictionary.Version}, {options.SequenceLength})";
    }
}
