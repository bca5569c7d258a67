// Each element is kept with a probability that a hash of the key and its index decides: no generator state, the same mask at a replay.
#include "neoteny.cuh"
using namespace neoteny;

// splitmix64: key and index in, 64 mixed bits out, of which the upper 24 make a number in [0, 1).
__device__ __forceinline__ float uniform(u64 key, u64 index) {
    u64 z = key + 0x9E3779B97F4A7C15ull * (index + 1);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    z = z ^ (z >> 31);
    return (float)(z >> 40) * (1.0f / 16777216.0f);
}

template <class T> __device__ __forceinline__ void fill(T* mask, u64 key, float keep, long long count) {
    const T kept = from_float<T>(1.0f / keep), dropped = from_float<T>(0.0f);
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += (long long)gridDim.x * blockDim.x)
        mask[i] = uniform(key, i) < keep ? kept : dropped;
}

extern "C" __global__ void dropout_mask_fp32(float* mask, u64 key, float keep, long long count) { fill(mask, key, keep, count); }
extern "C" __global__ void dropout_mask_bf16(bf16* mask, u64 key, float keep, long long count) { fill(mask, key, keep, count); }
extern "C" __global__ void dropout_mask_fp16(fp16* mask, u64 key, float keep, long long count) { fill(mask, key, keep, count); }
