// Rotary embedding in the half-split layout of one or two tensors [T, heads, D] with any strides of rows and heads, 16 bytes at a time:
// feature i turns with feature i + F by the angle of (t, i); features from 2 F on pass. Results may lie where the inputs do.
#define DTYPE_VARIANTS
#include "neoteny.cuh"
using namespace neoteny;

__device__ __forceinline__ void read(const float* from, float* to) {
#pragma unroll
    for (int k = 0; k < kPack; k += 4) {
        Pack<float> four = load_pack(from + k);
#pragma unroll
        for (int j = 0; j < 4; j++) to[k + j] = four.at[j];
    }
}

// A block takes one row t of both tensors; sign is -1 in backward. A thread keeps the angles of its features and turns them in every lanes-th head.
extern "C" __global__ void __launch_bounds__(512) rotary(const real* q, real* q_out, const real* k, real* k_out, const float* cosines, const float* sines, int q_heads, int k_heads,
                                                         int size, int half, long long q_row, long long q_head, long long k_row, long long k_head, long long q_out_row,
                                                         long long q_out_head, long long k_out_row, long long k_out_head, float sign) {
    const long long t = blockIdx.x;
    q += t * q_row;
    k += t * k_row;
    q_out += t * q_out_row;
    k_out += t * k_out_row;
    const int heads = q_heads + k_heads, turning = half / kPack, lanes = blockDim.x / turning;
    const int lane = threadIdx.x / turning, c = (threadIdx.x - lane * turning) * kPack;
    if (lane < lanes) {
        float cosine[kPack], sine[kPack];
        read(cosines + t * half + c, cosine);
        read(sines + t * half + c, sine);
#pragma unroll
        for (int j = 0; j < kPack; j++) sine[j] *= sign;
        for (int head = lane; head < heads; head += lanes) {
            const real* from = head < q_heads ? q + head * q_head : k + (head - q_heads) * k_head;
            real* to = head < q_heads ? q_out + head * q_out_head : k_out + (head - q_heads) * k_out_head;
            Pack<real> a = load_pack(from + c), b = load_pack(from + half + c);
#pragma unroll
            for (int i = 0; i < kPack; i++) {
                const float x = to_float(a.at[i]), y = to_float(b.at[i]);
                a.at[i] = from_float<real>(x * cosine[i] - y * sine[i]);
                b.at[i] = from_float<real>(y * cosine[i] + x * sine[i]);
            }
            store_pack(to + c, a);
            store_pack(to + half + c, b);
        }
    }
    const int passing = q == q_out ? 0 : (size - 2 * half) / kPack;
    for (int i = threadIdx.x; i < heads * passing; i += blockDim.x) {
        const int head = i / passing, at = 2 * half + (i - head * passing) * kPack;
        const real* from = head < q_heads ? q + head * q_head : k + (head - q_heads) * k_head;
        real* to = head < q_heads ? q_out + head * q_out_head : k_out + (head - q_heads) * k_out_head;
        store_pack(to + at, load_pack(from + at));
    }
}
