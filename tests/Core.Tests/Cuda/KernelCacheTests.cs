using Neoteny.Runtime.Cuda;

namespace Neoteny.Core.Tests.Cuda;

public sealed class KernelCacheTests : IDisposable
{
    private static readonly CudaArchitecture Hopper = new(9, 0, false);
    private static readonly KernelRequest Request = new("Scale.cu", "extern \"C\" ...", [new("neoteny.cuh", "// header")], ["--std=c++17"], Hopper);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_kernel_is_compiled_once_and_read_by_the_next_process()
    {
        var compiler = new FakeCompiler();
        Assert.Equal(FakeCompiler.CodeOf(Request), new KernelCache(folder.Path, compiler).Get(Request));
        Assert.Equal(FakeCompiler.CodeOf(Request), new KernelCache(folder.Path, compiler).Get(Request));
        Assert.Equal(1, compiler.Compilations);
        Assert.StartsWith("Scale-", Path.GetFileName(Assert.Single(Directory.GetFiles(folder.Path))));
    }

    [Fact]
    public void Whatever_decides_about_the_code_decides_about_the_key()
    {
        KernelRequest[] all =
        [
            Request,
            Request with { Text = Request.Text + " " },
            Request with { Name = "Other.cu" },
            Request with { Options = ["--std=c++17", "-DSIZE=64"] },
            Request with { Options = [] },
            Request with { Headers = [new("neoteny.cuh", "// changed")] },
            Request with { Architecture = new(9, 0, true) },
            Request with { Architecture = new(8, 0, false) },
            Request with { Options = ["--std=c++17-DSIZE=64"] },
        ];
        Assert.Equal(all.Length + 1, all.Select(r => r.Key("13.0")).Append(Request.Key("12.9")).Distinct().Count());
        Assert.Equal(Request.Key("13.0"), (Request with { }).Key("13.0"));
    }

    [Theory]
    [InlineData("cut off")]
    [InlineData("one bit changed")]
    [InlineData("empty")]
    [InlineData("of another request")]
    [InlineData("of another format")]
    public void An_entry_that_is_not_what_was_written_is_compiled_again(string damage)
    {
        var compiler = new FakeCompiler();
        var cache = new KernelCache(folder.Path, compiler);
        cache.Get(Request);
        var file = Assert.Single(Directory.GetFiles(folder.Path));
        var bytes = File.ReadAllBytes(file);
        switch (damage)
        {
            case "cut off":
                bytes = bytes[..^1];
                break;
            case "one bit changed":
                bytes[^3] ^= 1;
                break;
            case "empty":
                bytes = [];
                break;
            case "of another request":
                var other = Request with { Text = "other" };
                cache.Get(other);
                bytes = File.ReadAllBytes(cache.PathOf(other.Name, other.Key(compiler.Version)));
                break;
            case "of another format":
                bytes[0] ^= 1;
                break;
        }

        File.WriteAllBytes(file, bytes);
        var before = compiler.Compilations;
        Assert.Equal(FakeCompiler.CodeOf(Request), cache.Get(Request));
        Assert.Equal(before + 1, compiler.Compilations);
        cache.Get(Request);
        Assert.Equal(before + 1, compiler.Compilations);
    }

    [Fact]
    public void An_entry_that_the_driver_refuses_is_replaced()
    {
        var compiler = new FakeCompiler();
        var cache = new KernelCache(folder.Path, compiler);
        cache.Get(Request);
        Assert.Equal(FakeCompiler.CodeOf(Request), cache.Renew(Request));
        Assert.Equal(2, compiler.Compilations);
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Without_a_folder_to_write_to_kernels_are_compiled_each_time()
    {
        var compiler = new FakeCompiler();
        var cache = new KernelCache(folder.Write("file", "in the way"), compiler);
        Assert.Equal(FakeCompiler.CodeOf(Request), cache.Get(Request));
        Assert.Equal(FakeCompiler.CodeOf(Request), cache.Get(Request));
        Assert.Equal(2, compiler.Compilations);
    }

    [Fact]
    public void A_failed_compilation_leaves_no_entry()
    {
        var cache = new KernelCache(folder.Path, new FakeCompiler());
        Assert.Throws<CudaException>(() => cache.Get(Request with { Text = FakeCompiler.Broken }));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    private sealed class FakeCompiler : IKernelCompiler
    {
        public const string Broken = "broken";

        public int Compilations { get; private set; }

        public string Version => "13.0";

        public static byte[] CodeOf(KernelRequest request) => System.Text.Encoding.UTF8.GetBytes($"code of {request.Text}");

        public byte[] Compile(KernelRequest request)
        {
            Compilations++;
            return request.Text == Broken ? throw new CudaException(CompilationMessage.Of(request, Version, "NVRTC_ERROR_COMPILATION", "")) : CodeOf(request);
        }
    }
}
