// What tensor core kernels do with fragments: lane = 4 * g + t; accumulator c[n][i] is row g + 8 * (i / 2), column 8 * n + 2 * t + i % 2 of the 16 rows of a warp.
// do_one(n, i) for all numbers of a thread, unrolled.
template <int N, class Do> __device__ __forceinline__ void each(Do do_one) {
#pragma unroll
    for (int n = 0; n < N; n++) {
#pragma unroll
        for (int i = 0; i < 4; i++) do_one(n, i);
    }
}

template <int N> __device__ __forceinline__ void clear(float (&c)[N][4]) {
    each<N>([&](int n, int i) { c[n][i] = 0.0f; });
}

// Columns 16 * k to 16 * k + 15 of an accumulator as the left operand of the next product.
template <int N> __device__ __forceinline__ void as_operand(u32 (&a)[4], const float (&c)[N][4], int k) {
    a[0] = pack<ELEMENT>(c[2 * k][0], c[2 * k][1]);
    a[1] = pack<ELEMENT>(c[2 * k][2], c[2 * k][3]);
    a[2] = pack<ELEMENT>(c[2 * k + 1][0], c[2 * k + 1][1]);
    a[3] = pack<ELEMENT>(c[2 * k + 1][2], c[2 * k + 1][3]);
}

template <int N> __device__ __forceinline__ void as_operands(u32 (&p)[N / 2][4], const float (&c)[N][4]) {
#pragma unroll
    for (int k = 0; k < N / 2; k++) as_operand(p[k], c, k);
}

// 16 rows of an accumulator to memory; rows from `present` on are dropped, columns from `width` on are filling.
template <int WIDTH> __device__ __forceinline__ void store_rows(ELEMENT* to, long long stride, int first, int present, int width, const float (&c)[WIDTH / 8][4], float low, float high) {
    int lane = threadIdx.x & 31, g = lane >> 2, t = lane & 3;
#pragma unroll
    for (int n = 0; n < WIDTH / 8; n++) {
        int column = n * 8 + 2 * t;
        if (column >= width) continue;
        if (first + g < present) *(u32*)(to + (first + g) * stride + column) = pack<ELEMENT>(c[n][0] * low, c[n][1] * low);
        if (first + g + 8 < present) *(u32*)(to + (first + g + 8) * stride + column) = pack<ELEMENT>(c[n][2] * high, c[n][3] * high);
    }
}

// Where scores lie: a document and a head, and a thread's number (n, i) at query(n, i) and key(n, i), of which inside(n, i) says whether both exist.
template <class Query, class Key, class Inside> struct Scores {
    int document, head, keys;
    float scale;
    Query query;
    Key key;
    Inside inside;
};

template <class Query, class Key, class Inside> __device__ __forceinline__ Scores<Query, Key, Inside> scores_at(
    int document, int head, int keys, float scale, Query query, Key key, Inside inside) {
    return {document, head, keys, scale, query, key, inside};
}

// What exponents of the softmax are in terms of the scores that soften compares: those after the modification, raw ones where there is none.
__device__ __forceinline__ float unit_of(float scale) { return FLEX_SCORE ? 1.0f : scale; }

// One block of the softmax over rows that the four lanes of a group share. s becomes exponentials relative to the largest score of a row so far, sum their sums, and shrink what sums
// and outputs of the blocks before are to be multiplied with. The scale is positive. Blocks that the mask leaves whole do without it.
template <int N, class At> __device__ __forceinline__ void soften(float (&s)[N][4], float (&largest)[2], float (&sum)[2], float (&shrink)[2], bool full, const At& at) {
#if FLEX_SCORE
    each<N>([&](int n, int i) { s[n][i] = flex_score(s[n][i] * at.scale, at.document, at.head, at.query(n, i), at.key(n, i), at.keys); });
#endif
    if (!full)
        each<N>([&](int n, int i) {
            if (!at.inside(n, i) || !flex_mask(at.document, at.head, at.query(n, i), at.key(n, i), at.keys)) s[n][i] = NEGATIVE_INFINITY;
        });
    float peaks[4] = {largest[0], NEGATIVE_INFINITY, largest[1], NEGATIVE_INFINITY};
    each<N>([&](int n, int i) { peaks[i] = fmaxf(peaks[i], s[n][i]); });
    const float factor = unit_of(at.scale) * LOG2E;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float m = fmaxf(peaks[2 * half], peaks[2 * half + 1]);
        m = fmaxf(m, __shfl_xor_sync(0xffffffffu, m, 1));
        m = fmaxf(m, __shfl_xor_sync(0xffffffffu, m, 2));
        const float base = m == NEGATIVE_INFINITY ? 0.0f : m * factor;
        shrink[half] = power_of_two(largest[half] * factor - base);
        largest[half] = m;
        float parts[2] = {0.0f, 0.0f};
#pragma unroll
        for (int n = 0; n < N; n++)
#pragma unroll
            for (int i = 0; i < 2; i++) {
                float& x = s[n][2 * half + i];
                x = power_of_two(x * factor - base);
                parts[i] += x;
            }
        sum[half] = sum[half] * shrink[half] + (parts[0] + parts[1]);
    }
}

// The end of the softmax: log-sum-exps of the rows `row` and `row` + 8 of the warp's group, to memory where they are among `rows`, and what outputs are to be multiplied with.
__device__ __forceinline__ void finish(float (&inverse)[2], const float (&largest)[2], const float (&sum)[2], float* lse, long long stride, int row, int rows, float scale) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float l = sum[half];
        l += __shfl_xor_sync(0xffffffffu, l, 1);
        l += __shfl_xor_sync(0xffffffffu, l, 2);
        inverse[half] = l == 0.0f ? 0.0f : 1.0f / l;
        if ((threadIdx.x & 3) == 0 && row + half * 8 < rows) lse[(row + half * 8) * stride] = l == 0.0f ? NEGATIVE_INFINITY : largest[half] * unit_of(scale) + logf(l);
    }
}

// From raw scores to probabilities, as operands of the next product, and in s the same times the derivatives of the modified scores by the raw ones. log_sum(n, i) is the log-sum-exp of
// the query.
template <bool FULL, class At, class LogSum> __device__ __forceinline__ void probabilities_of(float (&s)[8][4], u32 (&p)[4][4], const At& at, LogSum log_sum) {
#pragma unroll
    for (int k = 0; k < 4; k++) {
        float slope[2][4];
        each<2>([&](int m, int i) {
            const int n = 2 * k + m;
#if FLEX_SCORE
            const float x = flex_score_slope(s[n][i] * at.scale, at.document, at.head, at.query(n, i), at.key(n, i), at.keys, slope[m][i]) * LOG2E;
            bool seen = x != NEGATIVE_INFINITY;
#else
            const float x = s[n][i] * (at.scale * LOG2E);
            bool seen = true;
#endif
            if (!FULL) seen = seen && at.inside(n, i) && flex_mask(at.document, at.head, at.query(n, i), at.key(n, i), at.keys);
            s[n][i] = seen ? power_of_two(x - log_sum(n, i) * LOG2E) : 0.0f;
            if (!seen) slope[m][i] = 0.0f;
        });
        as_operand(p[k], s, k);
#if FLEX_SCORE
        each<2>([&](int m, int i) { s[2 * k + m][i] *= slope[m][i]; });
#endif
    }
}

template <class At, class LogSum> __device__ __forceinline__ void probabilities(float (&s)[8][4], u32 (&p)[4][4], bool full, const At& at, LogSum log_sum) {
    if (full) probabilities_of<true>(s, p, at, log_sum);
    else probabilities_of<false>(s, p, at, log_sum);
}
