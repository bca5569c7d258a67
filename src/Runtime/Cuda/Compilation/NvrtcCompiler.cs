using System.Runtime.InteropServices;
using System.Text;

namespace Neoteny.Runtime.Cuda;

/// <summary>NVRTC as a compiler.</summary>
internal sealed unsafe class NvrtcCompiler : IKernelCompiler
{
    private readonly delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int> createProgram;
    private readonly delegate* unmanaged<nint*, int> destroyProgram;
    private readonly delegate* unmanaged<nint, int, byte**, int> compileProgram;
    private readonly delegate* unmanaged<nint, nuint*, int> codeSize;
    private readonly delegate* unmanaged<nint, byte*, int> code;
    private readonly delegate* unmanaged<nint, nuint*, int> logSize;
    private readonly delegate* unmanaged<nint, byte*, int> log;
    private readonly delegate* unmanaged<int, byte*> errorText;

    /// <summary>Loads the library.</summary>
    /// <exception cref="CudaException">There is none.</exception>
    public NvrtcCompiler()
    {
        createProgram = (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)NvrtcLibrary.Function("nvrtcCreateProgram");
        destroyProgram = (delegate* unmanaged<nint*, int>)NvrtcLibrary.Function("nvrtcDestroyProgram");
        compileProgram = (delegate* unmanaged<nint, int, byte**, int>)NvrtcLibrary.Function("nvrtcCompileProgram");
        codeSize = (delegate* unmanaged<nint, nuint*, int>)NvrtcLibrary.Function("nvrtcGetCUBINSize");
        code = (delegate* unmanaged<nint, byte*, int>)NvrtcLibrary.Function("nvrtcGetCUBIN");
        logSize = (delegate* unmanaged<nint, nuint*, int>)NvrtcLibrary.Function("nvrtcGetProgramLogSize");
        log = (delegate* unmanaged<nint, byte*, int>)NvrtcLibrary.Function("nvrtcGetProgramLog");
        errorText = (delegate* unmanaged<int, byte*>)NvrtcLibrary.Function("nvrtcGetErrorString");
        int major, minor;
        Check(((delegate* unmanaged<int*, int*, int>)NvrtcLibrary.Function("nvrtcVersion"))(&major, &minor), "nvrtcVersion");
        Version = $"{major}.{minor}";
    }

    /// <inheritdoc/>
    public string Version { get; }

    /// <inheritdoc/>
    public byte[] Compile(KernelRequest request)
    {
        using var texts = new NativeTexts();
        var headers = texts.List(request.Headers.Select(h => h.Value));
        var names = texts.List(request.Headers.Select(h => h.Key));
        nint program;
        Check(createProgram(&program, texts.Of(request.Text), texts.Of(request.Name), request.Headers.Count, headers, names), "nvrtcCreateProgram");
        try
        {
            string[] options = [$"--gpu-architecture={request.Architecture.Name}", .. request.Options];
            var status = compileProgram(program, options.Length, texts.List(options));
            if (status != 0)
                throw new CudaException(CompilationMessage.Of(request, Version, ErrorText(status), Log(program)));
            nuint size;
            Check(codeSize(program, &size), "nvrtcGetCUBINSize");
            var made = new byte[size];
            fixed (byte* bytes = made)
                Check(code(program, bytes), "nvrtcGetCUBIN");
            return made;
        }
        finally
        {
            destroyProgram(&program);
        }
    }

    private string Log(nint program)
    {
        nuint size;
        Check(logSize(program, &size), "nvrtcGetProgramLogSize");
        var text = new byte[size];
        fixed (byte* bytes = text)
            Check(log(program, bytes), "nvrtcGetProgramLog");
        return Encoding.UTF8.GetString(text).TrimEnd('\0', '\n', ' ');
    }

    private string ErrorText(int status) => Marshal.PtrToStringUTF8((nint)errorText(status)) ?? $"NVRTC error {status}";

    private void Check(int status, string call)
    {
        if (status != 0)
            throw new CudaException($"{call} failed: {ErrorText(status)} ({NvrtcLibrary.Path}).");
    }
}
