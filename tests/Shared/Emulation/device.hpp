// CUDA C++ as ordinary C++: what NVRTC has built in, for kernels that run on the CPU. Included before each kernel source.
#pragma once
#include "emulator.hpp"

// The translation replaces these marks after preprocessing: it lists the kernels and gives shared memory its storage.
#define __global__ __neoteny_global__
#define __shared__ __neoteny_shared__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)
#define __cluster_dims__(...)
#define __restrict__ __restrict

#define threadIdx neoteny_thread_index()
#define blockIdx neoteny_block_index()
#define blockDim neoteny_block_size()
#define gridDim neoteny_grid_size()
static const int warpSize = 32;

extern "C" {
float sqrtf(float) noexcept; float expf(float) noexcept; float exp2f(float) noexcept; float expm1f(float) noexcept; float logf(float) noexcept;
float log2f(float) noexcept; float log10f(float) noexcept; float log1pf(float) noexcept; float powf(float, float) noexcept; float sinf(float) noexcept;
float cosf(float) noexcept; float tanf(float) noexcept; float tanhf(float) noexcept; float sinhf(float) noexcept; float coshf(float) noexcept;
float asinf(float) noexcept; float acosf(float) noexcept; float atanf(float) noexcept; float atan2f(float, float) noexcept; float erff(float) noexcept;
float erfcf(float) noexcept; float floorf(float) noexcept; float ceilf(float) noexcept; float roundf(float) noexcept; float truncf(float) noexcept;
float rintf(float) noexcept; float fabsf(float) noexcept; float fmaxf(float, float) noexcept; float fminf(float, float) noexcept;
float fmodf(float, float) noexcept; float fmaf(float, float, float) noexcept; float copysignf(float, float) noexcept; float ldexpf(float, int) noexcept;
float cbrtf(float) noexcept;
double sqrt(double) noexcept; double exp(double) noexcept; double log(double) noexcept; double pow(double, double) noexcept; double fabs(double) noexcept;
double fmax(double, double) noexcept; double fmin(double, double) noexcept; double floor(double) noexcept; double ceil(double) noexcept; double tanh(double) noexcept;
int abs(int) noexcept;
}
#define NEOTENY_INLINE static inline __attribute__((always_inline))
NEOTENY_INLINE float abs(float x) { return fabsf(x); }
NEOTENY_INLINE float rsqrtf(float x) { return 1.0f / sqrtf(x); }
NEOTENY_INLINE float exp10f(float x) { return powf(10.0f, x); }
NEOTENY_INLINE float __expf(float x) { return expf(x); }
NEOTENY_INLINE float __exp10f(float x) { return powf(10.0f, x); }
NEOTENY_INLINE float __logf(float x) { return logf(x); }
NEOTENY_INLINE float __log2f(float x) { return log2f(x); }
NEOTENY_INLINE float __powf(float x, float y) { return powf(x, y); }
NEOTENY_INLINE float __sinf(float x) { return sinf(x); }
NEOTENY_INLINE float __cosf(float x) { return cosf(x); }
NEOTENY_INLINE float __fdividef(float x, float y) { return x / y; }
NEOTENY_INLINE float __frcp_rn(float x) { return 1.0f / x; }
NEOTENY_INLINE float __fsqrt_rn(float x) { return sqrtf(x); }
NEOTENY_INLINE float __frsqrt_rn(float x) { return 1.0f / sqrtf(x); }
NEOTENY_INLINE float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
NEOTENY_INLINE float __fadd_rn(float x, float y) { return x + y; }
NEOTENY_INLINE float __fmul_rn(float x, float y) { return x * y; }
NEOTENY_INLINE float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
NEOTENY_INLINE int __float2int_rn(float x) { return (int)rintf(x); }
NEOTENY_INLINE int __float2int_rz(float x) { return (int)x; }
NEOTENY_INLINE int __float2int_rd(float x) { return (int)floorf(x); }
NEOTENY_INLINE bool isnan(float x) { return x != x; }
NEOTENY_INLINE bool isinf(float x) { return __builtin_isinf(x); }

template <class A, class B> NEOTENY_INLINE auto min(A a, B b) -> decltype(a + b) { return a < b ? a : b; }
template <class A, class B> NEOTENY_INLINE auto max(A a, B b) -> decltype(a + b) { return a < b ? b : a; }

template <class To, class From> NEOTENY_INLINE To neoteny_bits(From x) {
    static_assert(sizeof(To) == sizeof(From), "sizes differ");
    To y;
    __builtin_memcpy(&y, &x, sizeof(To));
    return y;
}

NEOTENY_INLINE float __uint_as_float(unsigned x) { return neoteny_bits<float>(x); }
NEOTENY_INLINE float __int_as_float(int x) { return neoteny_bits<float>(x); }
NEOTENY_INLINE unsigned __float_as_uint(float x) { return neoteny_bits<unsigned>(x); }
NEOTENY_INLINE int __float_as_int(float x) { return neoteny_bits<int>(x); }
NEOTENY_INLINE int __popc(unsigned x) { return __builtin_popcount(x); }
NEOTENY_INLINE int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
NEOTENY_INLINE int __clz(unsigned x) { return x == 0 ? 32 : __builtin_clz(x); }
NEOTENY_INLINE int __ffs(unsigned x) { return __builtin_ffs((int)x); }
NEOTENY_INLINE unsigned __umulhi(unsigned x, unsigned y) { return (unsigned)(((unsigned long long)x * y) >> 32); }
NEOTENY_INLINE unsigned long long __umul64hi(unsigned long long x, unsigned long long y) { return (unsigned long long)(((unsigned __int128)x * y) >> 64); }
template <class T> NEOTENY_INLINE T __ldg(const T* p) { return *p; }

#define NEOTENY_VECTOR(T, NAME, BYTES) \
    struct alignas(BYTES < 16 ? BYTES : 16) NAME##2 { T x, y; }; \
    struct NAME##3 { T x, y, z; }; \
    struct alignas(2 * BYTES < 16 ? 2 * BYTES : 16) NAME##4 { T x, y, z, w; }; \
    NEOTENY_INLINE NAME##2 make_##NAME##2(T x, T y) { return {x, y}; } \
    NEOTENY_INLINE NAME##3 make_##NAME##3(T x, T y, T z) { return {x, y, z}; } \
    NEOTENY_INLINE NAME##4 make_##NAME##4(T x, T y, T z, T w) { return {x, y, z, w}; }
NEOTENY_VECTOR(float, float, 8)
NEOTENY_VECTOR(int, int, 8)
NEOTENY_VECTOR(unsigned, uint, 8)
NEOTENY_VECTOR(unsigned short, ushort, 4)
NEOTENY_VECTOR(short, short, 4)
NEOTENY_VECTOR(unsigned char, uchar, 2)
NEOTENY_VECTOR(double, double, 16)
NEOTENY_VECTOR(long long, longlong, 16)
typedef uint3 dim3;

// The line tells one barrier from another.
#define __syncthreads() ((void)neoteny_sync_threads("__syncthreads", __LINE__, 0, 0))
#define __syncthreads_count(p) neoteny_sync_threads("__syncthreads_count", __LINE__, (p) != 0, 1)
#define __syncthreads_and(p) neoteny_sync_threads("__syncthreads_and", __LINE__, (p) != 0, 2)
#define __syncthreads_or(p) neoteny_sync_threads("__syncthreads_or", __LINE__, (p) != 0, 3)
NEOTENY_INLINE void __syncwarp(unsigned mask = 0xffffffffu) { neoteny_sync_warp(mask); }
NEOTENY_INLINE void __threadfence() {}
NEOTENY_INLINE void __threadfence_block() {}
NEOTENY_INLINE unsigned __activemask() { return neoteny_active_mask(); }
NEOTENY_INLINE unsigned __ballot_sync(unsigned mask, int p) { return neoteny_vote("__ballot_sync", mask, p); }
NEOTENY_INLINE int __any_sync(unsigned mask, int p) { return neoteny_vote("__any_sync", mask, p) != 0; }
NEOTENY_INLINE int __all_sync(unsigned mask, int p) { return neoteny_vote("__all_sync", mask, p) == mask; }

template <class T> NEOTENY_INLINE T neoteny_exchange(const char* name, unsigned mask, T value, int source, int operand, int width) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 4 or 8 bytes");
    unsigned long long bits = 0;
    __builtin_memcpy(&bits, &value, sizeof(T));
    bits = neoteny_shuffle(name, mask, bits, source, operand, width);
    __builtin_memcpy(&value, &bits, sizeof(T));
    return value;
}

template <class T> NEOTENY_INLINE T __shfl_sync(unsigned mask, T x, int lane, int width = 32) { return neoteny_exchange("__shfl_sync", mask, x, neoteny_emulated::kSame, lane, width); }
template <class T> NEOTENY_INLINE T __shfl_xor_sync(unsigned mask, T x, int bits, int width = 32) { return neoteny_exchange("__shfl_xor_sync", mask, x, neoteny_emulated::kXor, bits, width); }
template <class T> NEOTENY_INLINE T __shfl_up_sync(unsigned mask, T x, unsigned by, int width = 32) { return neoteny_exchange("__shfl_up_sync", mask, x, neoteny_emulated::kUp, (int)by, width); }
template <class T> NEOTENY_INLINE T __shfl_down_sync(unsigned mask, T x, unsigned by, int width = 32) { return neoteny_exchange("__shfl_down_sync", mask, x, neoteny_emulated::kDown, (int)by, width); }

// Threads take turns only at meetings, so that plain code is atomic.
#define NEOTENY_ATOMIC(NAME, EXPRESSION) \
    template <class T, class V> __attribute__((no_sanitize("thread"))) static inline T NAME(T* p, V value) { \
        neoteny_atomic(p, sizeof(T)); \
        const T old = *p, x = (T)value; \
        *p = EXPRESSION; \
        return old; \
    }
NEOTENY_ATOMIC(atomicAdd, old + x)
NEOTENY_ATOMIC(atomicSub, old - x)
NEOTENY_ATOMIC(atomicMax, old < x ? x : old)
NEOTENY_ATOMIC(atomicMin, x < old ? x : old)
NEOTENY_ATOMIC(atomicAnd, old & x)
NEOTENY_ATOMIC(atomicOr, old | x)
NEOTENY_ATOMIC(atomicXor, old ^ x)
NEOTENY_ATOMIC(atomicExch, x)
template <class T> __attribute__((no_sanitize("thread"))) static inline T atomicCAS(T* p, T expected, T value) {
    neoteny_atomic(p, sizeof(T));
    const T old = *p;
    if (old == expected) *p = value;
    return old;
}

// Calls a kernel with the addresses of its arguments, as the driver does.
template <unsigned... I> struct NeotenyList {};
template <unsigned N, unsigned... I> struct NeotenyCount : NeotenyCount<N - 1, N - 1, I...> {};
template <unsigned... I> struct NeotenyCount<0, I...> { typedef NeotenyList<I...> type; };
template <class... P, unsigned... I> __attribute__((no_sanitize("thread"))) static void neoteny_call(void (*kernel)(P...), void** arguments, NeotenyList<I...>) { kernel(*(P*)arguments[I]...); }
template <class... P> __attribute__((no_sanitize("thread"))) static void neoteny_call(void (*kernel)(P...), void** arguments) { neoteny_call(kernel, arguments, typename NeotenyCount<sizeof...(P)>::type()); }
template <class... P> __attribute__((no_sanitize("thread"))) static int neoteny_sizes(void (*)(P...), int* sizes) {
    const int all[] = {(int)sizeof(P)..., 0};
    for (unsigned i = 0; i < sizeof...(P); i++) sizes[i] = all[i];
    return sizeof...(P);
}
// Shared variables are thread-local ones: this one makes sure that there are some.
static thread_local int neoteny_anchor;
extern "C" __attribute__((no_sanitize("thread"))) void* neoteny_touch() { return &neoteny_anchor; }
