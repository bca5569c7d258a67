// FlashAttention with a program on Hopper: forward. While a block's softmax is computed, the block before it is multiplied with its values.
extern "C" __global__ void __launch_bounds__(THREADS, 1) flex_forward(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, ELEMENT* out, float* lse, long long q_row, long long q_head, long long k_row, long long k_head,
    long long v_row, long long v_head, const int* tiles, const int* order, const int* list, const int* counts, long long total, int per_head, int heads, int group, int d, int dv,
    float scale) {
    constexpr int TILE = 128 * HEAD;
    ELEMENT* sq = (ELEMENT*)memory;
    ELEMENT* sk = sq + TILE;
    ELEMENT* sv = sk + 2 * TILE;
    int tile = order[blockIdx.x], head = blockIdx.y, map = per_head ? head : 0;
    const int* at = tiles + tile * 8;
    int row0 = at[0], rows = at[1], keys = at[3], pos = at[4], document = at[5];
    list += map * total + at[6];
    int count = counts[map * gridDim.x + tile];
    k += at[2] * k_row + (head / group) * k_head;
    v += at[2] * v_row + (head / group) * v_head;
    copy_tile<128>(sq, q + row0 * q_row + head * q_head, q_row, rows);
    auto fetch = [&](ELEMENT* stages, const ELEMENT* from, long long stride, int j) {
        int first = (list[j] & ~FULL_BIT) * 128;
        copy_tile<128>(stages + (j & 1) * TILE, from + first * stride, stride, keys - first);
    };
    if (count > 0) fetch(sk, k, k_row, 0);
    commit_copies();

    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, g = lane >> 2, t = lane & 3;
    const ELEMENT* own = sq + (warp >> 2) * 64 * 64;
    float o[HEAD / 8][4], largest[2] = {NEGATIVE_INFINITY, NEGATIVE_INFINITY}, sum[2] = {0.0f, 0.0f};
    u32 p[8][4];
    clear(o);
    for (int j = 0; j < count; j++) {
        int entry = list[j], first = (entry & ~FULL_BIT) * 128;
        bool full = entry & FULL_BIT;
        receive_copies();
        if (j + 1 < count) fetch(sk, k, k_row, j + 1);
        fetch(sv, v, v_row, j);
        commit_copies();

        float s[16][4];
        clear(s);
        settle(s);
        begin_products();
        outer_scores<128, 128>(s, own, sk + (j & 1) * TILE);
        close_products();
        if (j > 0) weighted_rows<128>(o, p, sv + (~j & 1) * TILE);
        close_products();
        await_products<1>();
        settle(s);
        float peak[2] = {largest[0], largest[1]}, shrink[2];
#pragma unroll
        for (int n = 0; n < 16; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int row = warp * 16 + g + (i >> 1) * 8, key = first + n * 8 + 2 * t + (i & 1);
#if FLEX_SCORE
                float x = flex_score(s[n][i] * scale, document, head, pos + row, key, keys) * LOG2E;
#else
                float x = s[n][i] * (scale * LOG2E);
#endif
                if (!full) x = row < rows && key < keys && flex_mask(document, head, pos + row, key, keys) ? x : NEGATIVE_INFINITY;
                s[n][i] = x;
                peak[i >> 1] = fmaxf(peak[i >> 1], x);
            }
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float m = peak[half];
            m = fmaxf(m, __shfl_xor_sync(0xffffffffu, m, 1));
            m = fmaxf(m, __shfl_xor_sync(0xffffffffu, m, 2));
            float base = m == NEGATIVE_INFINITY ? 0.0f : m, part = 0.0f;
            shrink[half] = power_of_two(largest[half] - base);
            largest[half] = m;
#pragma unroll
            for (int n = 0; n < 16; n++)
#pragma unroll
                for (int i = 2 * half; i < 2 * half + 2; i++) {
                    s[n][i] = power_of_two(s[n][i] - base);
                    part += s[n][i];
                }
            sum[half] = sum[half] * shrink[half] + part;
        }
        await_products<0>();
        settle(o);
#pragma unroll
        for (int n = 0; n < HEAD / 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) o[n][i] *= shrink[i >> 1];
        as_operands(p, s);
    }
    receive_copies();
    if (count > 0) {
        settle(o);
        begin_products();
        weighted_rows<128>(o, p, sv + (~count & 1) * TILE);
        close_products();
        await_products<0>();
        settle(o);
    }
    float inverse[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float l = sum[half];
        l += __shfl_xor_sync(0xffffffffu, l, 1);
        l += __shfl_xor_sync(0xffffffffu, l, 2);
        inverse[half] = l == 0.0f ? 0.0f : 1.0f / l;
        int row = warp * 16 + g + half * 8;
        if (t == 0 && row < rows) lse[(long long)(row0 + row) * heads + head] = l == 0.0f ? NEGATIVE_INFINITY : largest[half] * LN2 + logf(l);
    }
    store_rows<HEAD>(out + ((long long)row0 * heads + head) * dv, (long long)heads * dv, warp * 16, rows, dv, o, inverse[0], inverse[1]);
}
