// RMSNorm, and LayerNorm where CENTERED is defined, over rows of contiguous features, with the residual's addition on the way. blockDim.x threads take
// a row and hold PACKS packs of 16 bytes each; a block has blockDim.y rows at a time, more than one only where a row takes one warp. Statistics are fp32.
#define DTYPE_VARIANTS
#include "neoteny.cuh"
using namespace neoteny;

#ifndef PACKS
#define PACKS 1
#endif
#ifndef STAGES
#define STAGES 2
#endif

// Sums of N numbers over the threads of a row; every one gets them. scratch: 32 * N floats that nobody uses before the barrier after this one.
template <int N> __device__ __forceinline__ void row_sums(float (&x)[N], float* scratch) {
#pragma unroll
    for (int i = 0; i < N; i++) x[i] = warp_sum(x[i]);
    if (blockDim.x == 32) return;
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    if (lane == 0) {
#pragma unroll
        for (int i = 0; i < N; i++) scratch[i * 32 + warp] = x[i];
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < N; i++) x[i] = warp_sum(lane < warps ? scratch[i * 32 + lane] : 0.0f);
}

// y = (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * (w + offset) + bias, of x + residual where there is one. Rows beyond the last exist only where a
// row is a warp's, which meets no barrier.
extern "C" __global__ void __launch_bounds__(512) norm_forward(const real* x, const real* residual, const real* w, const real* bias, real* sum, real* y, float* inverse, float* mean,
                                                               int rows, int columns, float epsilon, float offset) {
    __shared__ float scratch[2][32];
    const int r = blockIdx.x * blockDim.y + threadIdx.y;
    if (r >= rows) return;
    const long long row = (long long)r * columns;
    Pack<real> in[PACKS], scale[PACKS];
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
        const int c = (p * blockDim.x + threadIdx.x) * kPack;
        if (c < columns) {
            in[p] = load_pack(x + row + c);
            if (residual != nullptr) {
                Pack<real> add = load_pack(residual + row + c);
#pragma unroll
                for (int k = 0; k < kPack; k++) in[p].at[k] = from_float<real>(to_float(in[p].at[k]) + to_float(add.at[k]));
                store_pack(sum + row + c, in[p]);
            }
            scale[p] = load_pack(w + c);
        }
    }
    float centre = 0.0f;
#ifdef CENTERED
    float total[1] = {0.0f};
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
        const int c = (p * blockDim.x + threadIdx.x) * kPack;
        if (c < columns) {
#pragma unroll
            for (int k = 0; k < kPack; k++) total[0] += to_float(in[p].at[k]);
        }
    }
    row_sums(total, scratch[1]);
    centre = total[0] / (float)columns;
    if (threadIdx.x == 0) mean[r] = centre;
#endif
    float squares[1] = {0.0f};
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
        const int c = (p * blockDim.x + threadIdx.x) * kPack;
        if (c < columns) {
#pragma unroll
            for (int k = 0; k < kPack; k++) {
                const float v = to_float(in[p].at[k]) - centre;
                squares[0] += v * v;
            }
        }
    }
    row_sums(squares, scratch[0]);
    const float inv = rsqrtf(squares[0] / (float)columns + epsilon);
    if (threadIdx.x == 0) inverse[r] = inv;
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
        const int c = (p * blockDim.x + threadIdx.x) * kPack;
        if (c < columns) {
#pragma unroll
            for (int k = 0; k < kPack; k++) {
                float v = (to_float(in[p].at[k]) - centre) * inv * (to_float(scale[p].at[k]) + offset);
#ifdef CENTERED
                if (bias != nullptr) v += to_float(bias[c + k]);
#endif
                in[p].at[k] = from_float<real>(v);
            }
            store_pack(y + row + c, in[p]);
        }
    }
}

// The output again from the saved statistics. A block takes a row.
extern "C" __global__ void norm_again(const real* x, const real* w, const real* bias, const float* inverse, const float* mean, real* y, int columns, float offset) {
    const long long row = (long long)blockIdx.x * columns;
    const float inv = inverse[blockIdx.x];
#ifdef CENTERED
    const float centre = mean[blockIdx.x];
#else
    const float centre = 0.0f;
#endif
    for (int c = threadIdx.x * kPack; c < columns; c += blockDim.x * kPack) {
        Pack<real> in = load_pack(x + row + c), scale = load_pack(w + c);
#pragma unroll
        for (int k = 0; k < kPack; k++) {
            float v = (to_float(in.at[k]) - centre) * inv * (to_float(scale.at[k]) + offset);
#ifdef CENTERED
            if (bias != nullptr) v += to_float(bias[c + k]);
#endif
            in.at[k] = from_float<real>(v);
        }
        store_pack(y + row + c, in);
    }
}

// dx = inv * (g - n * mean(g * n) - mean(g)) + added, with g = dy * (w + offset) and n = (x - mean) * inv; the last mean only where centered. partial gets,
// for each of the gridDim.x * blockDim.y lines of rows, the sum of dy * n, and partial_bias that of dy. Rows come through shared memory, STAGES at a time: a
// thread copies and reads its own packs only, so that the sums are the only barriers. dx may be added.
extern "C" __global__ void __launch_bounds__(512) norm_backward(const real* dy, const real* x, const float* inverse, const float* mean, const real* w, const real* added, real* dx,
                                                                float* partial, float* partial_bias, int rows, int columns, float offset) {
    extern __shared__ __align__(16) unsigned char memory[];
    __shared__ float scratch[2][64];
    const int line = blockIdx.x * blockDim.y + threadIdx.y, lines = gridDim.x * blockDim.y;
    const int stage = columns * (added != nullptr ? 3 : 2);
    real* ring = reinterpret_cast<real*>(memory) + (long long)threadIdx.y * STAGES * stage;
    Pack<real> scale[PACKS];
    float dw[PACKS][kPack];
#ifdef CENTERED
    float db[PACKS][kPack];
#endif
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
        const int c = (p * blockDim.x + threadIdx.x) * kPack;
        if (c < columns) scale[p] = load_pack(w + c);
#pragma unroll
        for (int k = 0; k < kPack; k++) {
            dw[p][k] = 0.0f;
#ifdef CENTERED
            db[p][k] = 0.0f;
#endif
        }
    }
    auto fetch = [&](int r, int slot) {
        const long long row = (long long)r * columns;
        real* to = ring + slot * stage;
#pragma unroll
        for (int p = 0; p < PACKS; p++) {
            const int c = (p * blockDim.x + threadIdx.x) * kPack;
            if (c < columns) {
                copy_ahead(to + c, dy + row + c);
                copy_ahead(to + columns + c, x + row + c);
                if (added != nullptr) copy_ahead(to + 2 * columns + c, added + row + c);
            }
        }
    };
#pragma unroll
    for (int s = 0; s < STAGES - 1; s++) {
        if (line + s * lines < rows) fetch(line + s * lines, s);
        close_copies();
    }
    float inv = line < rows ? inverse[line] : 0.0f, centre = 0.0f;
#ifdef CENTERED
    centre = line < rows ? mean[line] : 0.0f;
#endif
    const float share = 1.0f / (float)columns;
    int slot = 0, parity = 0;
    for (int r = line; r < rows; r += lines) {
        const int ahead = r + (STAGES - 1) * lines;
        if (ahead < rows) fetch(ahead, (slot + STAGES - 1) % STAGES);
        close_copies();
        const float next_inv = r + lines < rows ? inverse[r + lines] : 0.0f;
#ifdef CENTERED
        const float next_centre = r + lines < rows ? mean[r + lines] : 0.0f;
#endif
        await_copies<STAGES - 1>();
        const real* at = ring + slot * stage;
#ifdef CENTERED
        float sums[2] = {0.0f, 0.0f};
#else
        float sums[1] = {0.0f};
#endif
#pragma unroll
        for (int p = 0; p < PACKS; p++) {
            const int c = (p * blockDim.x + threadIdx.x) * kPack;
            if (c < columns) {
                Pack<real> d = load_pack(at + c), v = load_pack(at + columns + c);
#pragma unroll
                for (int k = 0; k < kPack; k++) {
                    const float g = to_float(d.at[k]) * (to_float(scale[p].at[k]) + offset);
                    sums[0] += g * (to_float(v.at[k]) - centre);
#ifdef CENTERED
                    sums[1] += g;
#endif
                }
            }
        }
        row_sums(sums, scratch[parity]);
        // What multiplies n, and what is added, in dx.
        const float along = -inv * inv * sums[0] * share;
        float level = 0.0f;
#ifdef CENTERED
        level = -inv * sums[1] * share;
#endif
        const long long row = (long long)r * columns;
#pragma unroll
        for (int p = 0; p < PACKS; p++) {
            const int c = (p * blockDim.x + threadIdx.x) * kPack;
            if (c < columns) {
                Pack<real> d = load_pack(at + c), v = load_pack(at + columns + c), a, out;
                if (added != nullptr) a = load_pack(at + 2 * columns + c);
#pragma unroll
                for (int k = 0; k < kPack; k++) {
                    const float g = to_float(d.at[k]), n = (to_float(v.at[k]) - centre) * inv;
                    dw[p][k] += g * n;
#ifdef CENTERED
                    db[p][k] += g;
#endif
                    float value = inv * (g * (to_float(scale[p].at[k]) + offset)) + (n * along + level);
                    if (added != nullptr) value += to_float(a.at[k]);
                    out.at[k] = from_float<real>(value);
                }
                store_pack(dx + row + c, out);
            }
        }
        inv = next_inv;
#ifdef CENTERED
        centre = next_centre;
#endif
        slot = slot + 1 == STAGES ? 0 : slot + 1;
        parity ^= 1;
    }
    auto spill = [&](float* to, const float (&from)[PACKS][kPack]) {
        if (to == nullptr) return;
#pragma unroll
        for (int p = 0; p < PACKS; p++) {
            const int c = (p * blockDim.x + threadIdx.x) * kPack;
            if (c < columns) {
#pragma unroll
                for (int k = 0; k < kPack; k += 4) {
                    Pack<float> four = {{from[p][k], from[p][k + 1], from[p][k + 2], from[p][k + 3]}};
                    store_pack(to + (long long)line * columns + c + k, four);
                }
            }
        }
    };
    spill(partial, dw);
#ifdef CENTERED
    spill(partial_bias, db);
#endif
}

// Sums over the lines of backward: of the weight where blockIdx.y is 0, of the bias where it is 1. A block of 8 x 128 threads takes 32 columns, four a thread.
extern "C" __global__ void __launch_bounds__(1024) norm_weights(const float* partial, const float* partial_bias, real* dw, real* db, int lines, int columns) {
    __shared__ float tile[128][33];
    const float* from = blockIdx.y == 0 ? partial : partial_bias;
    real* to = blockIdx.y == 0 ? dw : db;
    if (from == nullptr || to == nullptr) return;
    const int first = blockIdx.x * 32, at = 4 * threadIdx.x;
    float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    if (first + at < columns) {
#pragma unroll 4
        for (int b = threadIdx.y; b < lines; b += 128) {
            const Pack<float> four = load_pack(from + (long long)b * columns + first + at);
#pragma unroll
            for (int k = 0; k < 4; k++) sum[k] += four.at[k];
        }
    }
#pragma unroll
    for (int k = 0; k < 4; k++) tile[threadIdx.y][at + k] = sum[k];
    __syncthreads();
    const int thread = threadIdx.y * 8 + threadIdx.x, lane = thread & 31, c = thread >> 5;
    const float all = warp_sum((tile[lane][c] + tile[lane + 32][c]) + (tile[lane + 64][c] + tile[lane + 96][c]));
    if (lane == 0 && first + c < columns) to[first + c] = from_float<real>(all);
}
