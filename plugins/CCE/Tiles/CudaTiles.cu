// Tiles of logits, fp32 arithmetic: a block of threads takes the columns of one token. Rows begin at multiples of 16 bytes; their length is any.
#define DTYPE_VARIANTS
#include "neoteny.cuh"
using namespace neoteny;

struct Statistics {
    LogSumExp all;
    float total;
};

// Log-sum-exp and plain sum of a row, the same in every thread. All threads of the block take part.
__device__ __forceinline__ Statistics gather(const real* row, int columns, float cap, float* scratch) {
    const int whole = columns - columns % kPack;
    Statistics own = {LogSumExp(), 0.0f};
    for (int c = threadIdx.x * kPack; c < whole; c += blockDim.x * kPack) {
        Pack<real> raw = load_pack(row + c);
        float z[kPack];
#pragma unroll
        for (int k = 0; k < kPack; k++) {
            z[k] = capped(to_float(raw.at[k]), cap);
            own.total += z[k];
        }
        own.all.add(z);
    }
    for (int c = whole + threadIdx.x; c < columns; c += blockDim.x) {
        const float z = capped(to_float(row[c]), cap);
        own.all.add(z);
        own.total += z;
    }
    own.all.join(scratch);
    own.total = block_sum(own.total, scratch);
    return own;
}

// factor * (slope * exp(z - lse) - share) * (1 - (z / cap)^2), less the label's part. at: the label's column, or a negative number.
__device__ __forceinline__ float slope_of(float raw, int c, long long at, float lse, float rise, float share, float onehot, float cap) {
    const float z = capped(raw, cap);
    float d = rise * __expf(z - lse) - share;
    if (c == at) d -= onehot;
    if (cap != 0.0f) {
        const float ratio = z / cap;
        d *= 1.0f - ratio * ratio;
    }
    return d;
}

__device__ __forceinline__ void differentiate_row(real* row, int columns, long long at, float lse, float rise, float share, float onehot, float cap) {
    const int whole = columns - columns % kPack;
    for (int c = threadIdx.x * kPack; c < whole; c += blockDim.x * kPack) {
        Pack<real> z = load_pack(row + c);
#pragma unroll
        for (int k = 0; k < kPack; k++) z.at[k] = from_float<real>(slope_of(to_float(z.at[k]), c + k, at, lse, rise, share, onehot, cap));
        store_pack(row + c, z);
    }
    for (int c = whole + threadIdx.x; c < columns; c += blockDim.x)
        row[c] = from_float<real>(slope_of(to_float(row[c]), c, at, lse, rise, share, onehot, cap));
}

__device__ __forceinline__ void clear_row(real* row, int columns) {
    const int whole = columns - columns % kPack;
    Pack<real> zero;
#pragma unroll
    for (int k = 0; k < kPack; k++) zero.at[k] = from_float<real>(0.0f);
    for (int c = threadIdx.x * kPack; c < whole; c += blockDim.x * kPack) store_pack(row + c, zero);
    for (int c = whole + threadIdx.x; c < columns; c += blockDim.x) row[c] = from_float<real>(0.0f);
}

// Adds columns first .. first + columns - 1 of the vocabulary to the statistics of token blockIdx.x. tile_most may be null.
extern "C" __global__ void __launch_bounds__(1024) cce_gather(const real* logits, long long stride, int columns, long long first, const long long* labels, float* most, float* sum,
                                      float* total, float* logit, float* tile_most, float cap) {
    __shared__ float scratch[32];
    const long long t = blockIdx.x;
    const real* row = logits + t * stride;
    const long long label = labels[t];
    if (label < 0) return;
    const Statistics tile = gather(row, columns, cap, scratch);
    if (threadIdx.x != 0) return;
    const float larger = fmaxf(most[t], tile.all.most);
    sum[t] = sum[t] * __expf(most[t] - larger) + tile.all.sum * __expf(tile.all.most - larger);
    most[t] = larger;
    total[t] += tile.total;
    if (label >= first && label < first + columns) logit[t] = capped(to_float(row[label - first]), cap);
    if (tile_most != nullptr) tile_most[t] = tile.all.most;
}

// Turns the tile into its gradient in place; zero for ignored tokens. weights may be null. onehot is 1 - e, share e / V.
extern "C" __global__ void __launch_bounds__(1024) cce_differentiate(real* logits, long long stride, int columns, long long first, const long long* labels, const float* weights,
                                             const float* lse, float scale, float onehot, float share, float z_factor, float cap) {
    const long long t = blockIdx.x;
    real* row = logits + t * stride;
    const long long label = labels[t];
    if (label < 0) {
        clear_row(row, columns);
        return;
    }
    const float factor = weights == nullptr ? scale : scale * weights[t];
    differentiate_row(row, columns, label - first, lse[t], factor * (1.0f + 2.0f * z_factor * lse[t]), factor * share, factor * onehot, cap);
}

// Both for a tile that holds the whole vocabulary, while its rows are in the cache. A label that is none of the vocabulary's makes its loss NaN.
extern "C" __global__ void __launch_bounds__(1024) cce_whole(real* logits, long long stride, int columns, const long long* labels, const float* weights, float* losses, float* scaled,
                                     float scale, float onehot, float share, float z_factor, float cap, bool differentiate) {
    __shared__ float scratch[32];
    const long long t = blockIdx.x;
    real* row = logits + t * stride;
    const long long label = labels[t];
    if (label < 0) {
        if (threadIdx.x == 0) losses[t] = scaled[t] = 0.0f;
        if (differentiate) clear_row(row, columns);
        return;
    }
    const Statistics of = gather(row, columns, cap, scratch);
    const float lse = of.all.value();
    const float factor = weights == nullptr ? scale : scale * weights[t];
    if (threadIdx.x == 0) {
        const float y = label < columns ? capped(to_float(row[label]), cap) : __int_as_float(0x7fc00000);
        // A sum of all logits may be infinite where the loss is not.
        const float loss = lse - onehot * y - (share == 0.0f ? 0.0f : share * of.total) + z_factor * lse * lse;
        losses[t] = loss;
        scaled[t] = loss * factor;
    }
    if (!differentiate) return;
    // The label's logit is read before it is written over.
    __syncthreads();
    differentiate_row(row, columns, label, lse, factor * (1.0f + 2.0f * z_factor * lse), factor * share, factor * onehot, cap);
}
