namespace Neoteny.Host.Doctor;

/// <summary>One thing found out about this machine.</summary>
/// <param name="Topic">What it is about, such as <c>libtorch</c>.</param>
/// <param name="Name">What it is.</param>
/// <param name="Value">Its value.</param>
internal sealed record Finding(string Topic, string Name, string Value);
