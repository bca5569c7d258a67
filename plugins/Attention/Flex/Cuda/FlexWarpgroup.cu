// Hopper's products of a warpgroup (compute capability 9.0a): 64 rows by 64 or 128 columns, 16 deep, sums in fp32. They run beside the threads, so that operands and sums must
// not be touched until await_products has returned. The products themselves are in WarpgroupProducts.cs. Left factors are rows in shared memory or fragments in registers; the columns of
// right factors lie in shared memory as rows of their own (multiply_shared) or across rows (multiply_registers; multiply_across: both factors).

// Names part of a tile that lies as copy_tile puts it: groups of eight rows of 128 bytes one behind the other, their 16-byte pieces exchanged. next_panel: bytes to the
// following 64 columns, for right factors across rows that are wider. Added to it are offsets in units of 16 bytes.
__device__ __forceinline__ u64 describe(const void* first, int next_panel = 16) {
    return (u64)((shared_address(first) & 0x3ffff) >> 4) | (u64)(next_panel >> 4) << 16 | (u64)(1024 >> 4) << 32 | (u64)1 << 62;
}

// Between what threads wrote to shared memory and the products that read it, in each thread that wrote, before the barrier.
__device__ __forceinline__ void publish_writes() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// Before the first product that uses registers which the threads wrote.
__device__ __forceinline__ void begin_products() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }

__device__ __forceinline__ void close_products() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

// Until all but the last N closed groups are done.
template <int N> __device__ __forceinline__ void await_products() { asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory"); }

// Keeps the compiler from moving uses of sums over the wait for them.
template <int N> __device__ __forceinline__ void settle(float (&c)[N][4]) {
#pragma unroll
    for (int n = 0; n < N; n++) {
#pragma unroll
        for (int i = 0; i < 4; i++) asm volatile("" : "+f"(c[n][i])::"memory");
    }
}
