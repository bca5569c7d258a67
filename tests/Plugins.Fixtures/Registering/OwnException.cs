namespace Neoteny.Plugins.Registering;

public sealed class OwnException(string message) : Exception(message);
