// y = act(gate) * up over rows of I features, 16 bytes at a time, with the activation chosen by ACTIVATION: 0 SiLU, 1 GELU, 2 GELU with tanh, 3 ReLU. Rows
// may lie apart. A thread has two packs of each tensor in flight.
#define DTYPE_VARIANTS
#include "neoteny.cuh"
using namespace neoteny;

#ifndef ACTIVATION
#define ACTIVATION 0
#endif

struct Point {
    float value, slope;
};

__device__ __forceinline__ Point activate(float x) {
    Point at;
#if ACTIVATION == 0
    const float s = 1.0f / (1.0f + __expf(-x));
    at.value = x * s;
    at.slope = s * (1.0f + x * (1.0f - s));
#elif ACTIVATION == 1
    const float normal = 0.5f + 0.5f * erff(x * 0.70710678f);
    at.value = x * normal;
    at.slope = normal + x * 0.39894228f * __expf(-0.5f * x * x);
#elif ACTIVATION == 2
    // Beyond 20 the slope is 0 or 1, and the cube would overflow where the sigmoid has underflowed.
    const float b = fminf(20.0f, fmaxf(-20.0f, x)), square = b * b;
    const float s = 1.0f / (1.0f + __expf(-1.59576912f * b * (1.0f + 0.044715f * square)));
    at.value = x * s;
    at.slope = s + b * s * (1.0f - s) * 1.59576912f * (1.0f + 0.134145f * square);
#else
    at.value = fmaxf(x, 0.0f);
    at.slope = x > 0.0f ? 1.0f : 0.0f;
#endif
    return at;
}

__device__ __forceinline__ Pack<real> gated(const Pack<real>& gate, const Pack<real>& up) {
    Pack<real> y;
#pragma unroll
    for (int k = 0; k < kPack; k++) y.at[k] = from_float<real>(activate(to_float(gate.at[k])).value * to_float(up.at[k]));
    return y;
}

// Gate and up become their gradients: dup = dy * act(gate), dgate = dy * up * act'(gate).
__device__ __forceinline__ void differentiate(const Pack<real>& dy, Pack<real>& gate, Pack<real>& up) {
#pragma unroll
    for (int k = 0; k < kPack; k++) {
        const float d = to_float(dy.at[k]), u = to_float(up.at[k]);
        const Point at = activate(to_float(gate.at[k]));
        gate.at[k] = from_float<real>(d * u * at.slope);
        up.at[k] = from_float<real>(d * at.value);
    }
}

extern "C" __global__ void __launch_bounds__(512) gated_forward(const real* gate, const real* up, real* y, int columns, long long gate_stride, long long up_stride) {
    const long long t = blockIdx.x;
    gate += t * gate_stride;
    up += t * up_stride;
    y += t * columns;
    const int step = blockDim.x * kPack;
    for (int c = threadIdx.x * kPack; c < columns; c += 2 * step) {
        const int d = c + step;
        const bool two = d < columns;
        Pack<real> g0 = load_pack(gate + c), u0 = load_pack(up + c), g1, u1;
        if (two) {
            g1 = load_pack(gate + d);
            u1 = load_pack(up + d);
        }
        store_pack(y + c, gated(g0, u0));
        if (two) store_pack(y + d, gated(g1, u1));
    }
}

// Results may lie where the inputs do.
extern "C" __global__ void __launch_bounds__(512) gated_backward(const real* dy, const real* gate, const real* up, real* dgate, real* dup, int columns, long long dy_stride,
                                                                 long long gate_stride, long long up_stride, long long dgate_stride, long long dup_stride) {
    const long long t = blockIdx.x;
    dy += t * dy_stride;
    gate += t * gate_stride;
    up += t * up_stride;
    dgate += t * dgate_stride;
    dup += t * dup_stride;
    const int step = blockDim.x * kPack;
    for (int c = threadIdx.x * kPack; c < columns; c += 2 * step) {
        const int d = c + step;
        const bool two = d < columns;
        Pack<real> z0 = load_pack(dy + c), g0 = load_pack(gate + c), u0 = load_pack(up + c), z1, g1, u1;
        if (two) {
            z1 = load_pack(dy + d);
            g1 = load_pack(gate + d);
            u1 = load_pack(up + d);
        }
        differentiate(z0, g0, u0);
        store_pack(dgate + c, g0);
        store_pack(dup + c, u0);
        if (two) {
            differentiate(z1, g1, u1);
            store_pack(dgate + d, g1);
            store_pack(dup + d, u1);
        }
    }
}
