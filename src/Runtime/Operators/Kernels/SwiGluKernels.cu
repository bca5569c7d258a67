// y = silu(gate) * up over rows of I features, 16 bytes at a time; rows of gate and up may lie apart, results are contiguous.
#include "neoteny.cuh"
using namespace neoteny;

#ifdef WIDE
typedef float real;
#elif defined(HALF)
typedef fp16 real;
#else
typedef bf16 real;
#endif

static constexpr int kPack = Pack<real>::size;

extern "C" __global__ void swiglu_forward(const real* gate, const real* up, real* y, int columns, long long gate_stride, long long up_stride) {
    const long long t = blockIdx.x;
    for (int c = threadIdx.x * kPack; c < columns; c += blockDim.x * kPack) {
        Pack<real> g = load_pack(gate + t * gate_stride + c), u = load_pack(up + t * up_stride + c);
#pragma unroll
        for (int k = 0; k < kPack; k++) {
            float x = to_float(g.at[k]);
            g.at[k] = from_float<real>(x / (1.0f + __expf(-x)) * to_float(u.at[k]));
        }
        store_pack(y + t * columns + c, g);
    }
}

// With s = sigmoid(gate): dgate = dy * up * s * (1 + gate * (1 - s)), dup = dy * gate * s.
extern "C" __global__ void swiglu_backward(const real* dy, const real* gate, const real* up, real* dgate, real* dup, int columns, long long dy_stride,
                                           long long gate_stride, long long up_stride) {
    const long long t = blockIdx.x;
    for (int c = threadIdx.x * kPack; c < columns; c += blockDim.x * kPack) {
        Pack<real> d = load_pack(dy + t * dy_stride + c), g = load_pack(gate + t * gate_stride + c), u = load_pack(up + t * up_stride + c);
#pragma unroll
        for (int k = 0; k < kPack; k++) {
            float z = to_float(d.at[k]), x = to_float(g.at[k]), s = 1.0f / (1.0f + __expf(-x));
            g.at[k] = from_float<real>(z * to_float(u.at[k]) * s * (1.0f + x * (1.0f - s)));
            u.at[k] = from_float<real>(z * x * s);
        }
        store_pack(dgate + t * columns + c, g);
        store_pack(dup + t * columns + c, u);
    }
}
