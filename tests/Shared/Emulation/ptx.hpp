// PTX instructions as functions, by the names that the translation makes of asm statements. Operands stand in the order of the instruction's text, numbers behind them.
#pragma once
#include "emulator.hpp"
#include <tuple>
#include <utility>

// "h" operands are 16 bits, whatever type holds them.
NEOTENY_INLINE void ptx_cvt_f32_f16(float& y, unsigned short x) { y = (float)neoteny_bits<_Float16>(x); }
NEOTENY_INLINE void ptx_cvt_rn_f16_f32(unsigned short& y, float x) { y = x != x ? 0x7fff : neoteny_bits<unsigned short>((_Float16)x); }
NEOTENY_INLINE void ptx_cvt_rn_bf16_f32(unsigned short& y, float x) {
    const unsigned u = __float_as_uint(x);
    y = x != x ? 0x7fff : (unsigned short)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}
NEOTENY_INLINE void ptx_cvt_rn_bf16x2_f32(unsigned& y, float high, float low) {
    unsigned short h, l;
    ptx_cvt_rn_bf16_f32(h, high);
    ptx_cvt_rn_bf16_f32(l, low);
    y = (unsigned)h << 16 | l;
}
NEOTENY_INLINE void ptx_cvt_rn_f16x2_f32(unsigned& y, float high, float low) {
    unsigned short h, l;
    ptx_cvt_rn_f16_f32(h, high);
    ptx_cvt_rn_f16_f32(l, low);
    y = (unsigned)h << 16 | l;
}
NEOTENY_INLINE float neoteny_flushed(float x) { return fabsf(x) < 1.17549435e-38f ? copysignf(0.0f, x) : x; }
NEOTENY_INLINE void ptx_ex2_approx_ftz_f32(float& y, float x) { y = neoteny_flushed(exp2f(neoteny_flushed(x))); }
NEOTENY_INLINE void ptx_rcp_approx_ftz_f32(float& y, float x) { y = neoteny_flushed(1.0f / neoteny_flushed(x)); }

// Shared addresses.
NEOTENY_INLINE void ptx__reg_u64_wide_cvta_to_shared_u64_wide_cvt_u32_u64_wide(const void* p, unsigned& address) { address = neoteny_shared_address(p); }

// Matrices of the tensor cores.
#define NEOTENY_LDMATRIX(SUFFIX, TRANSPOSED) \
    NEOTENY_INLINE void ptx_ldmatrix_sync_aligned_m8n8_x1_##SUFFIX(unsigned& a, unsigned row) { neoteny_load_matrices(&a, 1, TRANSPOSED, row); } \
    NEOTENY_INLINE void ptx_ldmatrix_sync_aligned_m8n8_x2_##SUFFIX(unsigned& a, unsigned& b, unsigned row) { \
        unsigned r[2]; \
        neoteny_load_matrices(r, 2, TRANSPOSED, row); \
        a = r[0]; b = r[1]; \
    } \
    NEOTENY_INLINE void ptx_ldmatrix_sync_aligned_m8n8_x4_##SUFFIX(unsigned& a, unsigned& b, unsigned& c, unsigned& d, unsigned row) { \
        unsigned r[4]; \
        neoteny_load_matrices(r, 4, TRANSPOSED, row); \
        a = r[0]; b = r[1]; c = r[2]; d = r[3]; \
    }
NEOTENY_LDMATRIX(shared_b16, false)
NEOTENY_LDMATRIX(trans_shared_b16, true)

#define NEOTENY_MMA(TYPES, BRAIN) \
    NEOTENY_INLINE void ptx_mma_sync_aligned_m16n8k16_row_col_##TYPES(float& d0, float& d1, float& d2, float& d3, unsigned a0, unsigned a1, unsigned a2, unsigned a3, \
                                                                      unsigned b0, unsigned b1, float c0, float c1, float c2, float c3) { \
        const unsigned a[4] = {a0, a1, a2, a3}, b[2] = {b0, b1}; \
        const float c[4] = {c0, c1, c2, c3}; \
        float d[4]; \
        neoteny_multiply(d, a, b, c, BRAIN); \
        d0 = d[0]; d1 = d[1]; d2 = d[2]; d3 = d[3]; \
    }
NEOTENY_MMA(f32_bf16_bf16_f32, true)
NEOTENY_MMA(f32_f16_f16_f32, false)

// Products of a warpgroup: sums, then two descriptors or four registers and one, then whether sums are kept (1), signs (1, 1), and which factors lie across rows.
template <bool BRAIN, int COLUMNS, class All, std::size_t... I> NEOTENY_INLINE void neoteny_group(All all, std::index_sequence<I...>) {
    constexpr int sums = COLUMNS / 2, size = std::tuple_size<All>::value;
    static_assert(size == sums + 7 || size == sums + 9, "operands of wgmma");
    float* d[sums] = {&std::get<I>(all)...};
    if constexpr (size == sums + 7) {
        neoteny_multiply_group(d, COLUMNS, nullptr, std::get<sums>(all), std::get<sums + 1>(all), std::get<sums + 5>(all), std::get<sums + 6>(all), std::get<sums + 2>(all), BRAIN);
    } else {
        const unsigned a[4] = {std::get<sums>(all), std::get<sums + 1>(all), std::get<sums + 2>(all), std::get<sums + 3>(all)};
        neoteny_multiply_group(d, COLUMNS, a, 0, std::get<sums + 4>(all), false, std::get<sums + 8>(all), std::get<sums + 5>(all), BRAIN);
    }
}
#define NEOTENY_WGMMA(COLUMNS, TYPES, BRAIN) \
    template <class... T> NEOTENY_INLINE void ptx_wgmma_mma_async_sync_aligned_m64n##COLUMNS##k16_##TYPES(T&&... x) { \
        neoteny_group<BRAIN, COLUMNS>(std::forward_as_tuple(x...), std::make_index_sequence<COLUMNS / 2>()); \
    }
NEOTENY_WGMMA(64, f32_bf16_bf16, true)
NEOTENY_WGMMA(64, f32_f16_f16, false)
NEOTENY_WGMMA(128, f32_bf16_bf16, true)
NEOTENY_WGMMA(128, f32_f16_f16, false)
NEOTENY_INLINE void ptx_wgmma_fence_sync_aligned() {}
NEOTENY_INLINE void ptx_wgmma_commit_group_sync_aligned() { neoteny_close_products(); }
NEOTENY_INLINE void ptx_wgmma_wait_group_sync_aligned(int groups) { neoteny_await_products(groups); }
NEOTENY_INLINE void ptx_fence_proxy_async_shared_cta() {}
NEOTENY_INLINE void ptx_bar_sync(int number, int threads) { neoteny_named_barrier(number, threads, true); }
NEOTENY_INLINE void ptx_bar_arrive(int number, int threads) { neoteny_named_barrier(number, threads, false); }
NEOTENY_INLINE void ptx_red_relaxed_gpu_global_add_v4_f32(float* to, float a, float b, float c, float d) {
    neoteny_atomic(to, 16);
    atomicAdd(to, a);
    atomicAdd(to + 1, b);
    atomicAdd(to + 2, c);
    atomicAdd(to + 3, d);
}
// How many registers a thread may use.
NEOTENY_INLINE void ptx_setmaxnreg_dec_sync_aligned_u32(int) {}
NEOTENY_INLINE void ptx_setmaxnreg_inc_sync_aligned_u32(int) {}
// An empty statement, which only orders what the compiler does.
template <class... T> NEOTENY_INLINE void ptx_(T&&...) {}

// Asynchronous copies.
NEOTENY_INLINE void ptx_cp_async_cg_shared_global(unsigned to, const void* from, int present, int bytes) { neoteny_copy_async(to, from, bytes, present); }
NEOTENY_INLINE void ptx_cp_async_ca_shared_global(unsigned to, const void* from, int present, int bytes) { neoteny_copy_async(to, from, bytes, present); }
NEOTENY_INLINE void ptx_cp_async_cg_shared_global(unsigned to, const void* from, int bytes) { neoteny_copy_async(to, from, bytes, bytes); }
NEOTENY_INLINE void ptx_cp_async_ca_shared_global(unsigned to, const void* from, int bytes) { neoteny_copy_async(to, from, bytes, bytes); }
NEOTENY_INLINE void ptx_cp_async_commit_group() { neoteny_commit_copies(); }
NEOTENY_INLINE void ptx_cp_async_wait_group(int groups) { neoteny_wait_copies(groups); }
NEOTENY_INLINE void ptx_cp_async_wait_all() { neoteny_commit_copies(); neoteny_wait_copies(0); }
