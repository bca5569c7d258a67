using System.Diagnostics;
using System.Runtime.InteropServices;
using Neoteny.Runtime.Native;

namespace Neoteny.Runtime.Cuda;

/// <summary>Counts calls on this thread in which the host waits for the device.</summary>
/// <remarks>
/// libtorch can warn of each such call (PyTorch's <c>torch.cuda.set_sync_debug_mode</c>): <c>item()</c>, copies from and to pageable memory,
/// <c>nonzero</c>. Here its switch is set through the exported variable, and a warning handler of this thread counts instead of printing. Own waits
/// (<see cref="CudaEvent.Wait"/>, <see cref="CudaStream.Synchronize"/>) and whole-device synchronization are not seen. For tests and diagnosis: one counter on a thread at a time.
/// </remarks>
public sealed unsafe class SynchronizationCounter : IDisposable
{
    private const int MostPlaces = 32;
    private const int WarnMode = 1;

    private static readonly nint Handler = MakeHandler();
    private static readonly delegate* unmanaged<nint, void> SetHandler = (delegate* unmanaged<nint, void>)Need("c10", "_ZN3c1012WarningUtils19set_warning_handlerEPNS_14WarningHandlerE");
    private static readonly delegate* unmanaged<nint> GetHandler = (delegate* unmanaged<nint>)Need("c10", "_ZN3c1012WarningUtils19get_warning_handlerEv");
    private static readonly delegate* unmanaged<nint, nint> Message = (delegate* unmanaged<nint, nint>)Need("c10", "_ZNK3c107Warning3msgB5cxx11Ev");
    private static readonly int* Mode = (int*)Need("c10_cuda", "_ZZN3c104cuda13warning_stateEvE14warning_state_");

    [ThreadStatic]
    private static SynchronizationCounter? current;

    private readonly nint previousHandler;
    private readonly int previousMode;
    private readonly List<string> places = [];

    /// <summary>Starts counting on this thread.</summary>
    /// <exception cref="CudaException">The loaded libtorch has no CUDA, or no such switch.</exception>
    public SynchronizationCounter()
    {
        previousHandler = GetHandler();
        previousMode = *Mode;
        current = this;
        SetHandler(Handler);
        *Mode = WarnMode;
    }

    /// <summary>How many calls have waited so far.</summary>
    public int Count { get; private set; }

    /// <summary>Where the first of them came from: the innermost frames of Neoteny's own code.</summary>
    public IReadOnlyList<string> Places => places;

    /// <summary>Stops counting.</summary>
    public void Dispose()
    {
        *Mode = previousMode;
        SetHandler(previousHandler);
        current = null;
    }

    private void Add()
    {
        Count++;
        if (places.Count < MostPlaces)
        {
            var frames = new StackTrace(fNeedFileInfo: false).GetFrames().Select(f => f.GetMethod()).OfType<System.Reflection.MethodBase>()
                .Where(m => m.DeclaringType?.FullName is { } type && type.StartsWith("Neoteny.", StringComparison.Ordinal) && m.DeclaringType != typeof(SynchronizationCounter));
            places.Add(string.Join(" < ", frames.Take(4).Select(m => $"{m.DeclaringType!.Name}.{m.Name}")));
        }
    }

    /// <summary>An object as C++ lays out a <c>c10::WarningHandler</c>: two destructors, which nobody calls, and <c>process</c>.</summary>
    private static nint MakeHandler()
    {
        var table = (nint*)NativeMemory.Alloc(3, (nuint)sizeof(nint));
        table[0] = table[1] = (nint)(delegate* unmanaged<nint, void>)&Nothing;
        table[2] = (nint)(delegate* unmanaged<nint, nint, void>)&Process;
        var made = (nint*)NativeMemory.Alloc(1, (nuint)sizeof(nint));
        *made = (nint)table;
        return (nint)made;
    }

    [UnmanagedCallersOnly]
    private static void Nothing(nint self)
    {
    }

    [UnmanagedCallersOnly]
    private static void Process(nint self, nint warning)
    {
        // A std::string begins with the address and the length of its characters.
        var text = (nint*)Message(warning);
        var message = new ReadOnlySpan<byte>((void*)text[0], (int)text[1]);
        if (message.IndexOf("synchronizing CUDA operation"u8) >= 0)
            current?.Add();
    }

    private static nint Need(string library, string symbol)
    {
        LibTorch.Load();
        return LibTorch.Symbol(library, symbol) is not 0 and var address ? address
            : throw new CudaException($"Synchronizing calls cannot be counted: the libtorch in {LibTorch.Folder} does not export {symbol}.");
    }
}
