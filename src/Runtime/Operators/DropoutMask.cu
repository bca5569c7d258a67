// Each element is kept with a probability that a hash of the key and its index decides: no generator state, the same mask at a replay.
#include "neoteny.cuh"
using namespace neoteny;

// splitmix64: 64 mixed bits.
__device__ __forceinline__ u64 mixed(u64 z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

// Of key and index, the upper 24 bits as a number in [0, 1).
__device__ __forceinline__ float uniform(u64 key, u64 index) {
    return (float)(mixed(key + 0x9E3779B97F4A7C15ull * (index + 1)) >> 40) * (1.0f / 16777216.0f);
}

// With a seed in memory the key is that of a call (RandomSource.KeyOf); change tells several masks of one call apart.
template <class T> __device__ __forceinline__ void fill(T* mask, const u64* seed, u64 key, u64 change, float keep, long long count) {
    key = (seed ? mixed(*seed + 0x9E3779B97F4A7C15ull * key) : key) ^ change;
    const T kept = from_float<T>(1.0f / keep), dropped = from_float<T>(0.0f);
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += (long long)gridDim.x * blockDim.x)
        mask[i] = uniform(key, i) < keep ? kept : dropped;
}

#define MASK(name, T) \
    extern "C" __global__ void name(T* mask, const u64* seed, u64 key, u64 change, float keep, long long count) { fill(mask, seed, key, change, keep, count); }
MASK(dropout_mask_fp32, float)
MASK(dropout_mask_bf16, bf16)
MASK(dropout_mask_fp16, fp16)
