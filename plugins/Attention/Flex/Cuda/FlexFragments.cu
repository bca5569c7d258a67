// What tensor core kernels do with fragments: lane = 4 * g + t; accumulator c[n][i] is row g + 8 * (i / 2), column 8 * n + 2 * t + i % 2 of the 16 rows of a warp.
// The 16 columns at 16 * k of an accumulator as the left operand of the next product.
template <int N> __device__ __forceinline__ void as_operand(u32 (&a)[4], const float (&c)[N][4], int k) {
    a[0] = pack<ELEMENT>(c[2 * k][0], c[2 * k][1]);
    a[1] = pack<ELEMENT>(c[2 * k][2], c[2 * k][3]);
    a[2] = pack<ELEMENT>(c[2 * k + 1][0], c[2 * k + 1][1]);
    a[3] = pack<ELEMENT>(c[2 * k + 1][2], c[2 * k + 1][3]);
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

// From a raw score to the probability and the derivative of the modified score by the raw one.
__device__ __forceinline__ float probability(float raw, float scale, float lse, bool full, bool inside, int document, int head, int query, int key, int keys, float& slope) {
#if FLEX_SCORE
    float x = flex_score_slope(raw * scale, document, head, query, key, keys, slope) * LOG2E;
    full = full && x != NEGATIVE_INFINITY;
#else
    slope = 1.0f;
    float x = raw * (scale * LOG2E);
#endif
    float p = power_of_two(x - lse * LOG2E);
    if (full) return p;
    bool seen = inside && x != NEGATIVE_INFINITY && flex_mask(document, head, query, key, keys);
    if (!seen) slope = 0.0f;
    return seen ? p : 0.0f;
}
