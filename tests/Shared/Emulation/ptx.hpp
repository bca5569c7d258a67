// PTX instructions as functions, by the names that the translation makes of asm statements. Operands stand in the order of the instruction's text, numbers behind them.
#pragma once
#include "emulator.hpp"

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
