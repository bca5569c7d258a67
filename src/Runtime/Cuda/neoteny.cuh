// What kernels share: 16-bit floating point formats, 16-byte loads, copies on the side, sums and maxima over warps and blocks. NVRTC has no CUDA headers at run time.
#pragma once

namespace neoteny {

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

// bf16 and fp16 as storage: arithmetic is done in float.
struct bf16 {
    u16 bits;
};

struct fp16 {
    u16 bits;
};

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(bf16 x) { return __uint_as_float(((u32)x.bits) << 16); }
__device__ __forceinline__ float to_float(fp16 x) {
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
    return y;
}

// Rounds to nearest, ties to even; NaN stays NaN.
template <class T> __device__ __forceinline__ T from_float(float x);
template <> __device__ __forceinline__ float from_float<float>(float x) { return x; }
template <> __device__ __forceinline__ fp16 from_float<fp16>(float x) {
    fp16 y;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
    return y;
}
template <> __device__ __forceinline__ bf16 from_float<bf16>(float x) {
    bf16 y;
#if __CUDA_ARCH__ >= 800
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
#else
    u32 u = __float_as_uint(x);
    y.bits = x != x ? 0x7fff : (u16)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
#endif
    return y;
}

// 16 bytes of T at once: read and written by one instruction. Addresses must be multiples of 16.
template <class T> struct alignas(16) Pack {
    static constexpr int size = 16 / sizeof(T);
    T at[size];
};

template <class T> __device__ __forceinline__ Pack<T> load_pack(const T* p) {
    uint4 raw = *reinterpret_cast<const uint4*>(p);
    return *reinterpret_cast<Pack<T>*>(&raw);
}

template <class T> __device__ __forceinline__ void store_pack(T* p, const Pack<T>& x) {
    *reinterpret_cast<uint4*>(p) = *reinterpret_cast<const uint4*>(&x);
}

// A row of any length and alignment: whole packs from lead to end, and fewer than two packs of elements around them, one for each of the first threads.
struct RowCut {
    int lead, end, edge;
    bool has_edge;
};

template <class T> __device__ __forceinline__ RowCut cut_row(const T* row, int columns) {
    RowCut cut;
    cut.lead = (int)((16u - ((u32)(u64)row & 15u)) & 15u) / (int)sizeof(T);
    if (cut.lead > columns) cut.lead = columns;
    const int whole = (columns - cut.lead) / Pack<T>::size * Pack<T>::size;
    cut.end = cut.lead + whole;
    cut.edge = (int)threadIdx.x < cut.lead ? (int)threadIdx.x : (int)threadIdx.x + whole;
    cut.has_edge = (int)threadIdx.x < columns - whole;
    return cut;
}

// Copies 16 bytes from global to shared memory on the side; both addresses are multiples of 16. A thread sees what it copied itself once
// await_copies<N> has returned: then all but its last N closed groups of copies have arrived.
__device__ __forceinline__ void copy_ahead(void* shared, const void* global) {
#if __CUDA_ARCH__ >= 800
    u32 to;
    asm("{ .reg .u64 wide; cvta.to.shared.u64 wide, %1; cvt.u32.u64 %0, wide; }" : "=r"(to) : "l"(shared));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(global) : "memory");
#else
    *reinterpret_cast<uint4*>(shared) = *reinterpret_cast<const uint4*>(global);
#endif
}

__device__ __forceinline__ void close_copies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

template <int N> __device__ __forceinline__ void await_copies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
#endif
}

__device__ __forceinline__ float warp_sum(float x) {
    for (int o = 16; o > 0; o >>= 1) x += __shfl_xor_sync(0xffffffffu, x, o);
    return x;
}

__device__ __forceinline__ float warp_max(float x) {
    for (int o = 16; o > 0; o >>= 1) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, o));
    return x;
}

// Over a block of whole warps along x; every thread gets the result. scratch: 32 floats of shared memory, free again when it returns.
__device__ __forceinline__ float block_sum(float x, float* scratch) {
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    x = warp_sum(x);
    if (lane == 0) scratch[warp] = x;
    __syncthreads();
    x = warp_sum(lane < (int)(blockDim.x >> 5) ? scratch[lane] : 0.0f);
    __syncthreads();
    return x;
}

__device__ __forceinline__ float block_max(float x, float* scratch) {
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    x = warp_max(x);
    if (lane == 0) scratch[warp] = x;
    __syncthreads();
    x = warp_max(lane < (int)(blockDim.x >> 5) ? scratch[lane] : __int_as_float(0xff800000));
    __syncthreads();
    return x;
}

// A log-sum-exp of numbers as they come: the largest, and the sum of the exponentials relative to it.
struct LogSumExp {
    float most = -3.0e38f, sum = 0.0f;

    __device__ __forceinline__ void add(float x) {
        const float larger = fmaxf(most, x);
        sum = sum * __expf(most - larger) + __expf(x - larger);
        most = larger;
    }

    template <int N> __device__ __forceinline__ void add(const float (&x)[N]) {
        float larger = most;
#pragma unroll
        for (int k = 0; k < N; k++) larger = fmaxf(larger, x[k]);
        float part = 0.0f;
#pragma unroll
        for (int k = 0; k < N; k++) part += __expf(x[k] - larger);
        sum = sum * __expf(most - larger) + part;
        most = larger;
    }

    // Those of all threads of a block, the same in each. scratch as for block_sum.
    __device__ __forceinline__ void join(float* scratch) {
        const float own = most;
        most = block_max(own, scratch);
        sum = block_sum(sum * __expf(own - most), scratch);
    }

    __device__ __forceinline__ float value() const { return most + logf(sum); }
};

// A softcap: cap tanh(z / cap), and z where cap is 0. From the exponential: the fast tanh has an error of 2^-11.
__device__ __forceinline__ float capped(float z, float cap) { return cap == 0.0f ? z : cap * (1.0f - 2.0f / (1.0f + __expf(2.0f * z / cap))); }

// For sources that are compiled once for each dtype (CudaPacks.Variant): define DTYPE_VARIANTS before including this.
#ifdef DTYPE_VARIANTS
#ifdef WIDE
typedef float real;
#elif defined(HALF)
typedef fp16 real;
#else
typedef bf16 real;
#endif
static constexpr int kPack = Pack<real>::size;
#endif

}  // namespace neoteny
