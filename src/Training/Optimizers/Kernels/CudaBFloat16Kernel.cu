// AdamW of bf16 weights in one pass: 8 elements a thread. Macros choose the storage: WIDE_GRADIENT (fp32 gradient), NARROW_MOMENTS (bf16 moments).
// With an fp32 master the weight is its rounding to nearest; without, the weight is rounded up or down at random, unbiased, as bf16 moments always are.
#include "neoteny.cuh"
using namespace neoteny;

#ifdef WIDE_GRADIENT
typedef float gradient_t;
#else
typedef bf16 gradient_t;
#endif
#ifdef NARROW_MOMENTS
typedef bf16 moment_t;
#else
typedef float moment_t;
#endif

static constexpr int kEach = 8;

struct Eight {
    float at[kEach];
};

__device__ __forceinline__ Eight read(const float* p) {
    Pack<float> a = load_pack(p), b = load_pack(p + 4);
    return {{a.at[0], a.at[1], a.at[2], a.at[3], b.at[0], b.at[1], b.at[2], b.at[3]}};
}

__device__ __forceinline__ Eight read(const bf16* p) {
    Pack<bf16> a = load_pack(p);
    Eight x;
#pragma unroll
    for (int k = 0; k < kEach; k++) x.at[k] = to_float(a.at[k]);
    return x;
}

__device__ __forceinline__ u32 mix(u32 x) {
    x = (x ^ (x >> 16)) * 2146121005u;
    x = (x ^ (x >> 15)) * 2221713035u;
    return x ^ (x >> 16);
}

// Adds 16 random bits below the last kept one, then cuts.
__device__ __forceinline__ bf16 rounded(float x, u32 noise) { return {(u16)((__float_as_uint(x) + noise) >> 16)}; }

__device__ __forceinline__ void write(float* p, const Eight& x, const Eight&) {
    store_pack(p, Pack<float>{{x.at[0], x.at[1], x.at[2], x.at[3]}});
    store_pack(p + 4, Pack<float>{{x.at[4], x.at[5], x.at[6], x.at[7]}});
}

__device__ __forceinline__ void write(bf16* p, const Eight& x, const u32* noise, bool upper) {
    Pack<bf16> out;
#pragma unroll
    for (int k = 0; k < kEach; k++) out.at[k] = rounded(x.at[k], upper ? noise[k] >> 16 : noise[k] & 0xffffu);
    store_pack(p, out);
}

__device__ __forceinline__ void write(float* p, const Eight& x, const u32*, bool) { write(p, x, x); }

struct Numbers {
    float rate, decay, first_share, second_share, epsilon, first_factor, second_factor;
};

__device__ __forceinline__ void step(float& p, float g, float& m, float& v, const Numbers& n) {
    p *= 1.0f - n.rate * n.decay;
    m += (g - m) * n.first_share;
    v += (g * g - v) * n.second_share;
    p -= n.rate * n.first_factor * m / (sqrtf(v * n.second_factor) + n.epsilon);
}

__device__ __forceinline__ void single(bf16* weight, float* master, const gradient_t* gradient, moment_t* first, moment_t* second, const Numbers& n, float scale, u32 key, long long i) {
    float p = master != nullptr ? master[i] : to_float(weight[i]), m = to_float(first[i]), v = to_float(second[i]);
    step(p, to_float(gradient[i]) * scale, m, v, n);
    const u32 bits = mix((u32)i * 2654435769u + key), more = mix(bits ^ key);
#ifdef NARROW_MOMENTS
    first[i] = rounded(m, more >> 16);
    second[i] = rounded(v, more & 0xffffu);
#else
    first[i] = m;
    second[i] = v;
#endif
    if (master != nullptr) {
        master[i] = p;
        weight[i] = from_float<bf16>(p);
    } else {
        weight[i] = rounded(p, bits >> 16);
    }
}

// inverse: what the gradient is divided by; broken: not zero where the step must change nothing; both fp32 scalars, or null.
extern "C" __global__ void adamw(bf16* weight, float* master, const gradient_t* gradient, moment_t* first, moment_t* second, long long count, float rate, float decay,
                                 float first_share, float second_share, float epsilon, float first_factor, float second_factor, float scale, const float* inverse,
                                 const float* broken, u32 key) {
    if (broken != nullptr && *broken > 0.0f) return;
    if (inverse != nullptr) scale /= *inverse;
    const Numbers n = {rate, decay, first_share, second_share, epsilon, first_factor, second_factor};
    const long long start = ((long long)blockIdx.x * blockDim.x + threadIdx.x) * kEach;
    if (start + kEach > count) {
        for (long long i = start; i < count; i++) single(weight, master, gradient, first, second, n, scale, key, i);
        return;
    }
    Eight p = master != nullptr ? read(master + start) : read(weight + start), g = read(gradient + start), m = read(first + start), v = read(second + start);
    u32 bits[kEach], more[kEach];
#pragma unroll
    for (int k = 0; k < kEach; k++) {
        step(p.at[k], g.at[k] * scale, m.at[k], v.at[k], n);
        bits[k] = mix((u32)(start + k) * 2654435769u + key);
        more[k] = mix(bits[k] ^ key);
    }
    write(first + start, m, more, true);
    write(second + start, v, more, false);
    if (master != nullptr) {
        write(master + start, p, p);
        Pack<bf16> out;
#pragma unroll
        for (int k = 0; k < kEach; k++) out.at[k] = from_float<bf16>(p.at[k]);
        store_pack(weight + start, out);
    } else {
        write(weight + start, p, bits, true);
    }
}
