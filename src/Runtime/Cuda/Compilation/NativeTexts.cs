using System.Runtime.InteropServices;

namespace Neoteny.Runtime.Cuda;

/// <summary>Zero-terminated texts in native memory, freed together.</summary>
internal sealed unsafe class NativeTexts : IDisposable
{
    private readonly List<nint> held = [];

    public byte* Of(string text)
    {
        var address = Marshal.StringToCoTaskMemUTF8(text);
        held.Add(address);
        return (byte*)address;
    }

    public byte** List(IEnumerable<string> texts)
    {
        var all = texts.ToArray();
        var list = (byte**)Marshal.AllocCoTaskMem(sizeof(byte*) * Math.Max(all.Length, 1));
        held.Add((nint)list);
        for (var i = 0; i < all.Length; i++)
            list[i] = Of(all[i]);
        return list;
    }

    public void Dispose() => held.ForEach(Marshal.FreeCoTaskMem);
}
