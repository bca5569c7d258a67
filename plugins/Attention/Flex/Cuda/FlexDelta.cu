// delta = dO . O for each row and head, one warp each: the same for every program.
#define DTYPE_VARIANTS
#include "neoteny.cuh"
using namespace neoteny;

extern "C" __global__ void flex_delta(const real* out, const real* gradient, float* delta, long long rows, int dv) {
    long long row = blockIdx.x * (long long)(blockDim.x >> 5) + (threadIdx.x >> 5);
    if (row >= rows) return;
    float x = 0.0f;
    for (int i = threadIdx.x & 31; i < dv; i += 32) x += to_float(out[row * dv + i]) * to_float(gradient[row * dv + i]);
    x = warp_sum(x);
    if ((threadIdx.x & 31) == 0) delta[row] = x;
}
