// RMSNorm over rows of contiguous features. A block takes one row (forward) or every gridDim.x-th row (backward) and keeps its share of the
// row in registers: PACKS packs of 16 bytes a thread. Statistics are fp32.
#include "neoteny.cuh"
using namespace neoteny;

#ifndef PACKS
#define PACKS 1
#endif
#ifdef WIDE
typedef float real;
#elif defined(HALF)
typedef fp16 real;
#else
typedef bf16 real;
#endif

static constexpr int kPack = Pack<real>::size;

__device__ __forceinline__ float row_sum(float x, float* scratch) { return blockDim.x == 32 ? warp_sum(x) : block_sum(x, scratch); }

extern "C" __global__ void __launch_bounds__(1024) rms_norm_forward(const real* x, const real* w, real* y, float* inverse, int columns, float epsilon, float offset) {
    __shared__ float scratch[32];
    const long long row = (long long)blockIdx.x * columns;
    Pack<real> in[PACKS];
    float sum = 0.0f;
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
        int c = (p * blockDim.x + threadIdx.x) * kPack;
        if (c < columns) {
            in[p] = load_pack(x + row + c);
#pragma unroll
            for (int k = 0; k < kPack; k++) {
                float v = to_float(in[p].at[k]);
                sum += v * v;
            }
        }
    }
    const float inv = rsqrtf(row_sum(sum, scratch) / (float)columns + epsilon);
    if (threadIdx.x == 0 && inverse != nullptr) inverse[blockIdx.x] = inv;
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
        int c = (p * blockDim.x + threadIdx.x) * kPack;
        if (c < columns) {
            Pack<real> scale = load_pack(w + c);
#pragma unroll
            for (int k = 0; k < kPack; k++) in[p].at[k] = from_float<real>(to_float(in[p].at[k]) * inv * (to_float(scale.at[k]) + offset));
            store_pack(y + row + c, in[p]);
        }
    }
}

// The output again from the saved statistic.
extern "C" __global__ void rms_norm_again(const real* x, const real* w, const float* inverse, real* y, int columns, float offset) {
    const long long row = (long long)blockIdx.x * columns;
    const float inv = inverse[blockIdx.x];
    for (int c = threadIdx.x * kPack; c < columns; c += blockDim.x * kPack) {
        Pack<real> in = load_pack(x + row + c), scale = load_pack(w + c);
#pragma unroll
        for (int k = 0; k < kPack; k++) in.at[k] = from_float<real>(to_float(in.at[k]) * inv * (to_float(scale.at[k]) + offset));
        store_pack(y + row + c, in);
    }
}

// dx = inv * (g - n * mean(g * n)) + added, with g = dy * (w + offset) and n = x * inv; partial[block] gets the block's sum of dy * n.
extern "C" __global__ void __launch_bounds__(1024) rms_norm_backward(const real* dy, const real* x, const float* inverse, const real* w, const real* added, real* dx, float* partial,
                                             int rows, int columns, float offset) {
    __shared__ float scratch[32];
    float dw[PACKS][kPack], scale[PACKS][kPack];
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
        int c = (p * blockDim.x + threadIdx.x) * kPack;
        Pack<real> s;
        if (c < columns) s = load_pack(w + c);
#pragma unroll
        for (int k = 0; k < kPack; k++) {
            dw[p][k] = 0.0f;
            scale[p][k] = c < columns ? to_float(s.at[k]) + offset : 0.0f;
        }
    }
    for (int r = blockIdx.x; r < rows; r += gridDim.x) {
        const long long row = (long long)r * columns;
        const float inv = inverse[r];
        Pack<real> g[PACKS], n[PACKS], a[PACKS];
        float sum = 0.0f;
#pragma unroll
        for (int p = 0; p < PACKS; p++) {
            int c = (p * blockDim.x + threadIdx.x) * kPack;
            if (c < columns) {
                g[p] = load_pack(dy + row + c);
                n[p] = load_pack(x + row + c);
                if (added != nullptr) a[p] = load_pack(added + row + c);
#pragma unroll
                for (int k = 0; k < kPack; k++) sum += to_float(g[p].at[k]) * scale[p][k] * to_float(n[p].at[k]) * inv;
            }
        }
        const float mean = row_sum(sum, scratch) / (float)columns;
#pragma unroll
        for (int p = 0; p < PACKS; p++) {
            int c = (p * blockDim.x + threadIdx.x) * kPack;
            if (c < columns) {
                Pack<real> out;
#pragma unroll
                for (int k = 0; k < kPack; k++) {
                    float d = to_float(g[p].at[k]), m = to_float(n[p].at[k]) * inv;
                    dw[p][k] += d * m;
                    float value = inv * (d * scale[p][k] - m * mean);
                    if (added != nullptr) value += to_float(a[p].at[k]);
                    out.at[k] = from_float<real>(value);
                }
                store_pack(dx + row + c, out);
            }
        }
    }
    if (partial != nullptr) {
#pragma unroll
        for (int p = 0; p < PACKS; p++) {
            int c = (p * blockDim.x + threadIdx.x) * kPack;
            if (c < columns) {
#pragma unroll
                for (int k = 0; k < kPack; k += 4) {
                    Pack<float> four = {{dw[p][k], dw[p][k + 1], dw[p][k + 2], dw[p][k + 3]}};
                    store_pack(partial + (long long)blockIdx.x * columns + c + k, four);
                }
            }
        }
    }
}

// dw[c] = sum over the blocks of backward. A block of 32 x 32 threads takes 32 columns.
extern "C" __global__ void rms_norm_weight(const float* partial, real* dw, int blocks, int columns) {
    __shared__ float tile[32][33];
    int c = blockIdx.x * 32 + threadIdx.x;
    float sum = 0.0f;
    if (c < columns)
        for (int b = threadIdx.y; b < blocks; b += 32) sum += partial[(long long)b * columns + c];
    tile[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    sum = warp_sum(tile[threadIdx.x][threadIdx.y]);
    c = blockIdx.x * 32 + threadIdx.y;
    if (threadIdx.x == 0 && c < columns) dw[c] = from_float<real>(sum);
}
