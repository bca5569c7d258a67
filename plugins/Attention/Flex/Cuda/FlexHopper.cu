// FlashAttention with a program on Hopper: forward. While a block's softmax is computed, the block before it is multiplied with its values.
#ifndef KEYS
#define KEYS 128
#endif
#ifndef SLOTS
#define SLOTS 3
#endif
extern "C" __global__ void __launch_bounds__(THREADS, 1) flex_forward(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, ELEMENT* out, float* lse, long long q_row, long long q_head, long long k_row, long long k_head,
    long long v_row, long long v_head, const int* tiles, const int* order, const int* list, const int* counts, long long total, int per_head, int heads, int group, int d, int dv,
    float scale) {
    constexpr int TILE = KEYS * HEAD;
    ELEMENT* sq = (ELEMENT*)memory;
    ELEMENT* sk = sq + 128 * HEAD;
    ELEMENT* sv = sk + SLOTS * TILE;
    const int tile = order[blockIdx.x], head = blockIdx.y, map = per_head ? head : 0;
    const int* at = tiles + tile * 8;
    const int row0 = at[0], rows = at[1], keys = at[3], pos = at[4], document = at[5], count = counts[map * gridDim.x + tile];
    list += map * total + at[6];
    // Turn j has the keys of block j and the values of block j - 1.
    if (threadIdx.x < SUPPLIERS) {
        shrink_registers();
        k += at[2] * k_row + (head / group) * k_head;
        v += at[2] * v_row + (head / group) * v_head;
        int before = 0;
        supply<SLOTS>(count == 0 ? 0 : count + 1, [&](int j, int slot) {
            if (j == 0) copy_tile<128>(sq, q + row0 * q_row + head * q_head, q_row, rows);
            if (j > 0) copy_tile<KEYS>(sv + slot * TILE, v + before * v_row, v_row, keys - before);
            if (j == count) return;
            before = (list[j] & ~FULL_BIT) * KEYS;
            copy_tile<KEYS>(sk + slot * TILE, k + before * k_row, k_row, keys - before);
        });
        return;
    }
    grow_registers();
    const int lane = threadIdx.x & 31, warp = (threadIdx.x - SUPPLIERS) >> 5, worker = warp >> 2, g = lane >> 2, t = lane & 3;
    const ELEMENT* own = sq + worker * 64 * 64;
    float o[HEAD / 8][4], largest[2] = {NEGATIVE_INFINITY, NEGATIVE_INFINITY}, sum[2] = {0.0f, 0.0f};
    u32 p[KEYS / 16][4];
    clear(o);
    int slot = 0;
    for (int j = 0; j < count; j++) {
        const int entry = list[j], first = (entry & ~FULL_BIT) * KEYS;
        const bool full = entry & FULL_BIT;
        float s[KEYS / 8][4];
        clear(s);
        meet(when_full(slot, worker));
        settle(s);
        begin_products();
        outer_scores<128, KEYS>(s, own, sk + slot * TILE);
        close_products();
        if (j > 0) weighted_rows<KEYS>(o, p, sv + slot * TILE);
        close_products();
        await_products<1>();
        settle(s);
        // Scores times factor are exponents of two; the largest score has the largest exponent.
#if FLEX_SCORE
        const float factor = LOG2E;
#else
        const float factor = scale * LOG2E;
#endif
        float peak[2] = {largest[0], largest[1]}, shrink[2];
#pragma unroll
        for (int n = 0; n < KEYS / 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int row = warp * 16 + g + (i >> 1) * 8, key = first + n * 8 + 2 * t + (i & 1);
#if FLEX_SCORE
                s[n][i] = flex_score(s[n][i] * scale, document, head, pos + row, key, keys);
#endif
                if (!full) s[n][i] = row < rows && key < keys && flex_mask(document, head, pos + row, key, keys) ? s[n][i] : NEGATIVE_INFINITY;
                peak[i >> 1] = fmaxf(peak[i >> 1], s[n][i]);
            }
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float m = peak[half];
            m = fmaxf(m, __shfl_xor_sync(0xffffffffu, m, 1));
            m = fmaxf(m, __shfl_xor_sync(0xffffffffu, m, 2));
            float base = m == NEGATIVE_INFINITY ? 0.0f : m * factor, part = 0.0f;
            shrink[half] = power_of_two(largest[half] * factor - base);
            largest[half] = m;
#pragma unroll
            for (int n = 0; n < KEYS / 8; n++)
#pragma unroll
                for (int i = 2 * half; i < 2 * half + 2; i++) {
                    s[n][i] = power_of_two(s[n][i] * factor - base);
                    part += s[n][i];
                }
            sum[half] = sum[half] * shrink[half] + part;
        }
        await_products<0>();
        settle(o);
        if (j + SLOTS < count + 1) announce(when_free(slot, worker));
        slot = after<SLOTS>(slot);
#pragma unroll
        for (int n = 0; n < HEAD / 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) o[n][i] *= shrink[i >> 1];
        as_operands(p, s);
    }
    if (count > 0) {
        meet(when_full(slot, worker));
        settle(o);
        begin_products();
        weighted_rows<KEYS>(o, p, sv + slot * TILE);
        close_products();
        await_products<0>();
        settle(o);
    }
    float inverse[2];
#if FLEX_SCORE
    const float unit = 1.0f;
#else
    const float unit = scale;
#endif
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float l = sum[half];
        l += __shfl_xor_sync(0xffffffffu, l, 1);
        l += __shfl_xor_sync(0xffffffffu, l, 2);
        inverse[half] = l == 0.0f ? 0.0f : 1.0f / l;
        int row = warp * 16 + g + half * 8;
        if (t == 0 && row < rows) lse[(long long)(row0 + row) * heads + head] = l == 0.0f ? NEGATIVE_INFINITY : largest[half] * unit + logf(l);
    }
    store_rows<HEAD>(out + ((long long)row0 * heads + head) * dv, (long long)heads * dv, warp * 16, rows, dv, o, inverse[0], inverse[1]);
}
