// Cross-entropy of a chunk of logits, fp32 arithmetic: a block of threads takes one row. In place: the row becomes its gradient. Rows may have any number of
// columns: what stands before the first and after the last whole pack of 16 bytes is done one by one.
#define DTYPE_VARIANTS
#include "neoteny.cuh"
using namespace neoteny;

// With e = smoothing and k = z_factor: losses[t] = (lse - (1 - e) z[label] - e mean(z) + k lse^2) * s, and where differentiate is set z[t] becomes
// factors[t] * s * ((1 + 2 k lse) softmax(z) - e / columns - (1 - e) [label]) * (1 - (z / cap)^2). s is the label's probability where by_probability is set,
// else 1. A label below zero is ignored: its loss and its gradient are zero. A label that no column has gives NaN.
extern "C" __global__ void __launch_bounds__(1024) logits(real* z, const long long* labels, const float* factors, float* losses, int columns, float smoothing, float z_factor,
                                                          float cap, bool by_probability, bool differentiate) {
    __shared__ float scratch[32];
    const long long t = blockIdx.x;
    real* row = z + t * columns;
    const long long label = labels[t];
    const RowCut cut = cut_row(row, columns);
    const int first = cut.lead + threadIdx.x * kPack, step = blockDim.x * kPack;
    if (label < 0) {
        if (threadIdx.x == 0) losses[t] = 0.0f;
        if (differentiate) {
            Pack<real> zero;
#pragma unroll
            for (int k = 0; k < kPack; k++) zero.at[k] = from_float<real>(0.0f);
            for (int c = first; c < cut.end; c += step) store_pack(row + c, zero);
            if (cut.has_edge) row[cut.edge] = zero.at[0];
        }
        return;
    }
    LogSumExp all;
    float total = 0.0f;
    for (int c = first; c < cut.end; c += step) {
        Pack<real> pack = load_pack(row + c);
        float x[kPack];
#pragma unroll
        for (int k = 0; k < kPack; k++) {
            x[k] = capped(to_float(pack.at[k]), cap);
            total += x[k];
        }
        all.add(x);
    }
    if (cut.has_edge) {
        const float x = capped(to_float(row[cut.edge]), cap);
        all.add(x);
        total += x;
    }
    all.join(scratch);
    const float mean = smoothing > 0.0f ? block_sum(total, scratch) / (float)columns : 0.0f;
    const float lse = all.value();
    const float target = label < columns ? capped(to_float(row[label]), cap) : __int_as_float(0x7fffffff);
    const float share = by_probability ? __expf(target - lse) : 1.0f;
    if (threadIdx.x == 0) losses[t] = (lse - (1.0f - smoothing) * target - smoothing * mean + z_factor * lse * lse) * share;
    if (!differentiate) return;
    // Nobody may write before everybody has read the label's logit.
    __syncthreads();
    const float factor = factors[t] * share, slope = 1.0f + 2.0f * z_factor * lse, level = smoothing / (float)columns, inverse = cap > 0.0f ? 1.0f / cap : 0.0f;
    auto gradient = [&](float raw, int c) {
        const float x = capped(raw, cap), u = x * inverse;
        float g = slope * __expf(x - lse) - level;
        if (c == label) g -= 1.0f - smoothing;
        // Zero times an infinite logit would not be zero.
        return cap > 0.0f ? factor * g * (1.0f - u * u) : factor * g;
    };
    for (int c = first; c < cut.end; c += step) {
        Pack<real> pack = load_pack(row + c);
#pragma unroll
        for (int k = 0; k < kPack; k++) pack.at[k] = from_float<real>(gradient(to_float(pack.at[k]), c + k));
        store_pack(row + c, pack);
    }
    if (cut.has_edge) row[cut.edge] = from_float<real>(gradient(to_float(row[cut.edge]), cut.edge));
}
