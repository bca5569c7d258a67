// Rotary embedding in the half-split layout of one or two tensors [T, heads, D] with any strides of rows and heads, 16 bytes at a time:
// feature i turns with feature i + F by the angle of (t, i); features from 2 F on pass. Results are contiguous.
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

struct Angles {
    float cosine[kPack], sine[kPack];
};

__device__ __forceinline__ void read(const float* from, float* to) {
#pragma unroll
    for (int k = 0; k < kPack; k += 4) {
        Pack<float> four = load_pack(from + k);
#pragma unroll
        for (int j = 0; j < 4; j++) to[k + j] = four.at[j];
    }
}

__device__ __forceinline__ void turn(const real* from, real* to, const Angles& a, int half) {
    Pack<real> x = load_pack(from), y = load_pack(from + half);
#pragma unroll
    for (int k = 0; k < kPack; k++) {
        float p = to_float(x.at[k]), q = to_float(y.at[k]);
        x.at[k] = from_float<real>(p * a.cosine[k] - q * a.sine[k]);
        y.at[k] = from_float<real>(q * a.cosine[k] + p * a.sine[k]);
    }
    store_pack(to, x);
    store_pack(to + half, y);
}

// A block takes one row t of both tensors; sign is -1 in backward.
extern "C" __global__ void rotary(const real* q, real* q_out, const real* k, real* k_out, const float* cosines, const float* sines, int q_heads, int k_heads, int size,
                                  int half, long long q_row, long long q_head, long long k_row, long long k_head, float sign) {
    const long long t = blockIdx.x;
    const int turning = half / kPack, passing = (size - 2 * half) / kPack, each = turning + passing;
    for (int i = threadIdx.x; i < (q_heads + k_heads) * each; i += blockDim.x) {
        int head = i / each, part = i % each;
        const bool isQuery = head < q_heads;
        if (!isQuery) head -= q_heads;
        const real* from = isQuery ? q + t * q_row + head * q_head : k + t * k_row + head * k_head;
        real* to = isQuery ? q_out + (t * q_heads + head) * size : k_out + (t * k_heads + head) * size;
        if (part < turning) {
            const int c = part * kPack;
            Angles a;
            read(cosines + t * half + c, a.cosine);
            read(sines + t * half + c, a.sine);
#pragma unroll
            for (int j = 0; j < kPack; j++) a.sine[j] *= sign;
            turn(from + c, to + c, a, half);
        } else {
            const int c = 2 * half + (part - turning) * kPack;
            store_pack(to + c, load_pack(from + c));
        }
    }
}
