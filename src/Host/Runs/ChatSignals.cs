using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace Neoteny.Host.Runs;

/// <summary>What signals mean in a conversation: Ctrl-C ends the answer being written, else the program; SIGTERM ends the program.</summary>
/// <remarks>Takes the place of the host's console lifetime, which would stop everything at the first Ctrl-C.</remarks>
internal sealed class ChatSignals : IHostLifetime, IDisposable
{
    private readonly CancellationTokenSource ending = new();
    private readonly PosixSignalRegistration[] registrations;
    private readonly Lock gate = new();
    private CancellationTokenSource? answering;

    public ChatSignals() => registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, c => Handle(c, endsAll: false)),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => Handle(c, endsAll: true)),
    ];

    /// <summary>Signalled when the program is to end.</summary>
    public CancellationToken Ending => ending.Token;

    /// <summary>From now until it is disposed, Ctrl-C cancels this rather than the program.</summary>
    public CancellationTokenSource BeginAnswer()
    {
        lock (gate)
        {
            return answering = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
        }
    }

    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in registrations)
        {
            registration.Dispose();
        }

        ending.Dispose();
    }

    private void Handle(PosixSignalContext context, bool endsAll)
    {
        context.Cancel = true;
        lock (gate)
        {
            try
            {
                (endsAll ? ending : answering ?? ending).Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The answer had ended already: Ctrl-C came at the prompt.
                ending.Cancel();
            }
        }
    }
}
