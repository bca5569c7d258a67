using System.Reflection;

namespace Neoteny.Host.Plugins;

/// <summary>Turns exceptions from plugin code into one line each.</summary>
internal static class Reasons
{
    /// <summary>The cause of an exception, with what the loader says of types that it could not load.</summary>
    public static string Of(Exception exception) => exception switch
    {
        TargetInvocationException { InnerException: { } inner } => Of(inner),
        AggregateException { InnerExceptions: [var first, ..] } => Of(first),
        ReflectionTypeLoadException load => load.LoaderExceptions.OfType<Exception>().Select(Of).FirstOrDefault() ?? load.Message,
        TypeInitializationException { InnerException: { } inner } => Of(inner),
        DllNotFoundException native => Native(native),
        FileNotFoundException { FileName: { } file } missing when missing.Message.Contains("assembly") =>
            $"the assembly {file.Split(',')[0]} is missing",
        NeotenyException known => known.Message,
        _ => $"{exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")}",
    };

    /// <summary>The runtime lists every place that it tried, over many lines; the library's name is what helps.</summary>
    private static string Native(DllNotFoundException exception) => exception.Message.Split('\'') is [_, var library, ..]
        ? $"the native library '{library}' is missing or does not load; install it, or a version of the plugin that brings it"
        : exception.Message.ReplaceLineEndings(" ");
}
