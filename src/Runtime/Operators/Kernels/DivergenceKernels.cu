// Divergence of a student's distribution Q from a teacher's P, both from logits over a temperature, fp32 arithmetic: a block of threads takes one row. KIND 0
// is KL(P || Q), 1 is KL(Q || P), 2 is beta KL(P || M) + (1 - beta) KL(Q || M) with M = beta P + (1 - beta) Q.
#define DTYPE_VARIANTS
#include "neoteny.cuh"
using namespace neoteny;

#ifndef KIND
#define KIND 0
#endif

// The divergence's term at one column, and its slope along log q.
struct Term {
    float value, slope;
};

__device__ __forceinline__ Term term(float log_q, float log_p, float beta) {
    Term at;
#if KIND == 0
    const float p = __expf(log_p);
    at.value = p * (log_p - log_q);
    at.slope = -p;
#elif KIND == 1
    const float q = __expf(log_q);
    at.value = q * (log_q - log_p);
    at.slope = at.value + q;
#else
    // Both logarithms relative to the larger one: where the mixture is nearly one of the two, nothing is lost in the difference.
    const float gap = log_p - log_q, less = __expf(-fabsf(gap));
    const float log = logf(gap < 0.0f ? beta * less + (1.0f - beta) : beta + (1.0f - beta) * less);
    at.slope = (1.0f - beta) * __expf(log_q) * (-fmaxf(gap, 0.0f) - log);
    at.value = beta * __expf(log_p) * (fminf(gap, 0.0f) - log) + at.slope;
#endif
    return at;
}

__device__ __forceinline__ void widen(const Pack<real>& pack, float scale, float (&x)[kPack]) {
#pragma unroll
    for (int k = 0; k < kPack; k++) x[k] = to_float(pack.at[k]) * scale;
}

// losses[t] = the row's divergence; statistics[t] = log-partition of the student, of the teacher, and the sum of slopes. scale is one over the temperature.
extern "C" __global__ void __launch_bounds__(1024) divergence_forward(const real* student, const real* teacher, float* losses, float* statistics, int columns, float scale, float beta) {
    __shared__ float scratch[32];
    const long long t = blockIdx.x;
    student += t * columns;
    teacher += t * columns;
    const RowCut cut = cut_row(student, columns);
    const int first = cut.lead + threadIdx.x * kPack, step = blockDim.x * kPack;
    LogSumExp q, p;
    for (int c = first; c < cut.end; c += step) {
        const Pack<real> a = load_pack(student + c), b = load_pack(teacher + c);
        float x[kPack];
        widen(a, scale, x);
        q.add(x);
        widen(b, scale, x);
        p.add(x);
    }
    if (cut.has_edge) {
        q.add(to_float(student[cut.edge]) * scale);
        p.add(to_float(teacher[cut.edge]) * scale);
    }
    q.join(scratch);
    p.join(scratch);
    const float lse_q = q.value(), lse_p = p.value();
    float value = 0.0f, slope = 0.0f;
    for (int c = first; c < cut.end; c += step) {
        const Pack<real> a = load_pack(student + c), b = load_pack(teacher + c);
#pragma unroll
        for (int k = 0; k < kPack; k++) {
            const Term at = term(to_float(a.at[k]) * scale - lse_q, to_float(b.at[k]) * scale - lse_p, beta);
            value += at.value;
            slope += at.slope;
        }
    }
    if (cut.has_edge) {
        const Term at = term(to_float(student[cut.edge]) * scale - lse_q, to_float(teacher[cut.edge]) * scale - lse_p, beta);
        value += at.value;
        slope += at.slope;
    }
    value = block_sum(value, scratch);
    slope = block_sum(slope, scratch);
    if (threadIdx.x == 0) {
        losses[t] = value;
        statistics[3 * t] = lse_q;
        statistics[3 * t + 1] = lse_p;
        statistics[3 * t + 2] = slope;
    }
}

// gradient = factors[t] * scale * (slope - q * sum of slopes). gradient may be student.
extern "C" __global__ void __launch_bounds__(1024) divergence_backward(const real* student, const real* teacher, const float* statistics, const float* factors, real* gradient,
                                                                       int columns, float scale, float beta) {
    const long long t = blockIdx.x;
    student += t * columns;
    teacher += t * columns;
    gradient += t * columns;
    const float lse_q = statistics[3 * t], lse_p = statistics[3 * t + 1], slopes = statistics[3 * t + 2], factor = factors[t] * scale;
    const RowCut cut = cut_row(student, columns);
    auto slope = [&](real x, real y) {
        const float log_q = to_float(x) * scale - lse_q;
        return from_float<real>(factor * (term(log_q, to_float(y) * scale - lse_p, beta).slope - __expf(log_q) * slopes));
    };
    for (int c = cut.lead + threadIdx.x * kPack; c < cut.end; c += blockDim.x * kPack) {
        Pack<real> a = load_pack(student + c), b = load_pack(teacher + c);
#pragma unroll
        for (int k = 0; k < kPack; k++) a.at[k] = slope(a.at[k], b.at[k]);
        store_pack(gradient + c, a);
    }
    if (cut.has_edge) gradient[cut.edge] = slope(student[cut.edge], teacher[cut.edge]);
}
