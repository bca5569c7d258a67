// Cross-entropy of a block of logits, fp32 arithmetic: a block of threads takes one row. In place: the row becomes its gradient.
#define DTYPE_VARIANTS
#include "neoteny.cuh"
using namespace neoteny;

// loss[t] = logsumexp(z[t]) - z[t, label]; z[t] becomes factor[t] * (softmax(z[t]) - [label]) where differentiate is set. A label below zero is ignored:
// its loss and its gradient are zero. factor is scale, times weights[t] where given.
extern "C" __global__ void cross_entropy(real* logits, const long long* labels, const float* weights, float* losses, float* scaled, int columns, float scale,
                                         bool differentiate) {
    __shared__ float scratch[32];
    const long long t = blockIdx.x;
    real* row = logits + t * columns;
    const long long label = labels[t];
    if (label < 0) {
        if (threadIdx.x == 0) losses[t] = scaled[t] = 0.0f;
        if (differentiate) {
            Pack<real> zero;
#pragma unroll
            for (int k = 0; k < kPack; k++) zero.at[k] = from_float<real>(0.0f);
            for (int c = threadIdx.x * kPack; c < columns; c += blockDim.x * kPack) store_pack(row + c, zero);
        }
        return;
    }
    LogSumExp all;
    for (int c = threadIdx.x * kPack; c < columns; c += blockDim.x * kPack) {
        const Pack<real> z = load_pack(row + c);
        float x[kPack];
#pragma unroll
        for (int k = 0; k < kPack; k++) x[k] = to_float(z.at[k]);
        all.add(x);
    }
    all.join(scratch);
    // Added up in this order: large logits would swallow the logarithm.
    const float top = all.most, rest = logf(all.sum), share = 1.0f / all.sum;
    const float factor = weights == nullptr ? scale : scale * weights[t];
    if (threadIdx.x == 0) {
        // A label beyond the vocabulary makes the loss NaN, which ends the run, instead of reading what lies behind the row.
        const float loss = label < columns ? top - to_float(row[label]) + rest : __int_as_float(0x7fc00000);
        losses[t] = loss;
        scaled[t] = loss * factor;
    }
    if (!differentiate) return;
    __syncthreads();
    for (int c = threadIdx.x * kPack; c < columns; c += blockDim.x * kPack) {
        Pack<real> z = load_pack(row + c);
#pragma unroll
        for (int k = 0; k < kPack; k++) {
            float g = __expf(to_float(z.at[k]) - top) * share;
            z.at[k] = from_float<real>(factor * (c + k == label ? g - 1.0f : g));
        }
        store_pack(row + c, z);
    }
}
