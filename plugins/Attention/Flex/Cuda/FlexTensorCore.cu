// FlashAttention-2 with a program: forward, and two backward kernels without atomics (one keeps a tile of queries, one a tile of keys).
extern "C" __global__ void __launch_bounds__(THREADS) flex_forward(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, ELEMENT* out, float* lse, long long q_row, long long q_head, long long k_row, long long k_head,
    long long v_row, long long v_head, const int* tiles, const int* order, const int* list, const int* counts, long long total, int per_head, int heads, int group, int d, int dv,
    float scale) {
    extern __shared__ __align__(16) unsigned char memory[];
    ELEMENT* sq = (ELEMENT*)memory;
    ELEMENT* sk = sq + FORWARD_ROWS * LK;
    ELEMENT* sv = sk + 2 * 64 * LK;
    int tile = order[blockIdx.x], head = blockIdx.y, map = per_head ? head : 0;
    const int* at = tiles + tile * 8;
    int row0 = at[0], rows = at[1], keys = at[3], pos = at[4], document = at[5];
    list += map * total + at[6];
    int count = counts[map * gridDim.x + tile];
    k += at[2] * k_row + (head / group) * k_head;
    v += at[2] * v_row + (head / group) * v_head;
    copy_tile<FORWARD_ROWS, HK, LK>(sq, q + row0 * q_row + head * q_head, q_row, rows, d / 8);
    auto fetch = [&](int j) {
        int first = (list[j] & ~FULL_BIT) * 64, stage = j & 1;
        copy_tile<64, HK, LK>(sk + stage * 64 * LK, k + first * k_row, k_row, keys - first, d / 8);
        copy_tile<64, HV, LV>(sv + stage * 64 * LV, v + first * v_row, v_row, keys - first, dv / 8);
    };
    if (count > 0) fetch(0);
    commit_copies();

    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, g = lane >> 2, t = lane & 3, warp_row = warp * 16 * MT;
    float o[MT][HV / 8][4], largest[MT][2], sum[MT][2];
#pragma unroll
    for (int mt = 0; mt < MT; mt++) {
#pragma unroll
        for (int n = 0; n < HV / 8; n++) o[mt][n][0] = o[mt][n][1] = o[mt][n][2] = o[mt][n][3] = 0.0f;
        largest[mt][0] = largest[mt][1] = NEGATIVE_INFINITY;
        sum[mt][0] = sum[mt][1] = 0.0f;
    }
    const ELEMENT* q_at = sq + (warp_row + (lane & 15)) * LK + (lane >> 4) * 8;
    for (int j = 0; j < count; j++) {
        int entry = list[j], first = (entry & ~FULL_BIT) * 64, stage = j & 1;
        bool full = entry & FULL_BIT;
        wait_copies();
        __syncthreads();
        if (j + 1 < count) fetch(j + 1);
        commit_copies();

        float s[MT][8][4];
#pragma unroll
        for (int mt = 0; mt < MT; mt++)
#pragma unroll
            for (int n = 0; n < 8; n++) s[mt][n][0] = s[mt][n][1] = s[mt][n][2] = s[mt][n][3] = 0.0f;
        const ELEMENT* k_at = sk + stage * 64 * LK + ((lane & 7) + ((lane >> 4) << 3)) * LK + ((lane >> 3) & 1) * 8;
#pragma unroll
        for (int kk = 0; kk < HK / 16; kk++) {
            u32 x[MT][4];
#pragma unroll
            for (int mt = 0; mt < MT; mt++) load_matrices(x[mt], q_at + mt * 16 * LK + kk * 16);
#pragma unroll
            for (int n = 0; n < 4; n++) {
                u32 y[4];
                load_matrices(y, k_at + n * 16 * LK + kk * 16);
#pragma unroll
                for (int mt = 0; mt < MT; mt++) {
                    multiply<ELEMENT>(s[mt][2 * n], x[mt], y[0], y[1]);
                    multiply<ELEMENT>(s[mt][2 * n + 1], x[mt], y[2], y[3]);
                }
            }
        }
#pragma unroll
        for (int mt = 0; mt < MT; mt++) {
            float peak[2] = {largest[mt][0], largest[mt][1]};
#pragma unroll
            for (int n = 0; n < 8; n++)
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    int row = warp_row + mt * 16 + g + (i >> 1) * 8, key = first + n * 8 + 2 * t + (i & 1);
#if FLEX_SCORE
                    float x = flex_score(s[mt][n][i] * scale, document, head, pos + row, key, keys) * LOG2E;
#else
                    float x = s[mt][n][i] * (scale * LOG2E);
#endif
                    if (!full) x = row < rows && key < keys && flex_mask(document, head, pos + row, key, keys) ? x : NEGATIVE_INFINITY;
                    s[mt][n][i] = x;
                    peak[i >> 1] = fmaxf(peak[i >> 1], x);
                }
#pragma unroll
            for (int half = 0; half < 2; half++) {
                float m = peak[half];
                m = fmaxf(m, __shfl_xor_sync(0xffffffffu, m, 1));
                m = fmaxf(m, __shfl_xor_sync(0xffffffffu, m, 2));
                float base = m == NEGATIVE_INFINITY ? 0.0f : m, shrink = power_of_two(largest[mt][half] - base);
                largest[mt][half] = m;
                float part = 0.0f;
#pragma unroll
                for (int n = 0; n < 8; n++) {
                    float p0 = power_of_two(s[mt][n][2 * half] - base), p1 = power_of_two(s[mt][n][2 * half + 1] - base);
                    s[mt][n][2 * half] = p0;
                    s[mt][n][2 * half + 1] = p1;
                    part += p0 + p1;
                }
                sum[mt][half] = sum[mt][half] * shrink + part;
#pragma unroll
                for (int n = 0; n < HV / 8; n++) {
                    o[mt][n][2 * half] *= shrink;
                    o[mt][n][2 * half + 1] *= shrink;
                }
            }
        }
        const ELEMENT* v_at = sv + stage * 64 * LV + (lane & 15) * LV + (lane >> 4) * 8;
#pragma unroll
        for (int kk = 0; kk < 4; kk++) {
            u32 x[MT][4];
#pragma unroll
            for (int mt = 0; mt < MT; mt++) as_operand(x[mt], s[mt], kk);
#pragma unroll
            for (int n = 0; n < HV / 16; n++) {
                u32 y[4];
                load_matrices_transposed(y, v_at + kk * 16 * LV + n * 16);
#pragma unroll
                for (int mt = 0; mt < MT; mt++) {
                    multiply<ELEMENT>(o[mt][2 * n], x[mt], y[0], y[1]);
                    multiply<ELEMENT>(o[mt][2 * n + 1], x[mt], y[2], y[3]);
                }
            }
        }
    }
    wait_copies();
#pragma unroll
    for (int mt = 0; mt < MT; mt++) {
        float inverse[2];
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float l = sum[mt][half];
            l += __shfl_xor_sync(0xffffffffu, l, 1);
            l += __shfl_xor_sync(0xffffffffu, l, 2);
            inverse[half] = l == 0.0f ? 0.0f : 1.0f / l;
            int row = warp_row + mt * 16 + g + half * 8;
            if (t == 0 && row < rows) lse[(long long)(row0 + row) * heads + head] = l == 0.0f ? NEGATIVE_INFINITY : largest[mt][half] * LN2 + logf(l);
        }
        store_rows<HV>(out + ((long long)row0 * heads + head) * dv, (long long)heads * dv, warp_row + mt * 16, rows, dv, o[mt], inverse[0], inverse[1]);
    }
}

// delta = dO . O for each row and head, one warp each.
extern "C" __global__ void flex_delta(const ELEMENT* out, const ELEMENT* gradient, float* delta, long long rows, int dv) {
    long long row = blockIdx.x * (long long)(blockDim.x >> 5) + (threadIdx.x >> 5);
    if (row >= rows) return;
    float x = 0.0f;
    for (int i = threadIdx.x & 31; i < dv; i += 32) x += to_float(out[row * dv + i]) * to_float(gradient[row * dv + i]);
    x = warp_sum(x);
    if ((threadIdx.x & 31) == 0) delta[row] = x;
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

extern "C" __global__ void __launch_bounds__(THREADS) flex_backward_query(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, const ELEMENT* gradient, const float* lse, const float* delta, ELEMENT* dq, long long q_row, long long q_head,
    long long k_row, long long k_head, long long v_row, long long v_head, const int* tiles, const int* order, const int* list, const int* counts, long long total, int per_head,
    int heads, int group, int d, int dv, float scale) {
    extern __shared__ __align__(16) unsigned char memory[];
    ELEMENT* sq = (ELEMENT*)memory;
    ELEMENT* sg = sq + 64 * LK;
    ELEMENT* sk = sg + 64 * LV;
    ELEMENT* sv = sk + 2 * 64 * LK;
    int tile = order[blockIdx.x], head = blockIdx.y, map = per_head ? head : 0;
    const int* at = tiles + tile * 8;
    int row0 = at[0], rows = at[1], keys = at[3], pos = at[4], document = at[5];
    list += map * total + at[6];
    int count = counts[map * gridDim.x + tile];
    k += at[2] * k_row + (head / group) * k_head;
    v += at[2] * v_row + (head / group) * v_head;
    copy_tile<64, HK, LK>(sq, q + row0 * q_row + head * q_head, q_row, rows, d / 8);
    copy_tile<64, HV, LV>(sg, gradient + ((long long)row0 * heads + head) * dv, (long long)heads * dv, rows, dv / 8);
    auto fetch = [&](int j) {
        int first = (list[j] & ~FULL_BIT) * 64, stage = j & 1;
        copy_tile<64, HK, LK>(sk + stage * 64 * LK, k + first * k_row, k_row, keys - first, d / 8);
        copy_tile<64, HV, LV>(sv + stage * 64 * LV, v + first * v_row, v_row, keys - first, dv / 8);
    };
    if (count > 0) fetch(0);
    commit_copies();

    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, g = lane >> 2, t = lane & 3;
    float row_lse[2], row_delta[2], acc[HK / 8][4];
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int row = warp * 16 + g + half * 8;
        long long place = (long long)(row0 + row) * heads + head;
        row_lse[half] = row < rows ? lse[place] : 0.0f;
        row_delta[half] = row < rows ? delta[place] : 0.0f;
    }
#pragma unroll
    for (int n = 0; n < HK / 8; n++) acc[n][0] = acc[n][1] = acc[n][2] = acc[n][3] = 0.0f;
    for (int j = 0; j < count; j++) {
        int entry = list[j], first = (entry & ~FULL_BIT) * 64, stage = j & 1;
        bool full = entry & FULL_BIT;
        wait_copies();
        __syncthreads();
        if (j + 1 < count) fetch(j + 1);
        commit_copies();

        float s[8][4] = {}, dp[8][4] = {};
        outer_scores<HK, LK>(s, sq + warp * 16 * LK, sk + stage * 64 * LK);
        outer_scores<HV, LV>(dp, sg + warp * 16 * LV, sv + stage * 64 * LV);
#pragma unroll
        for (int n = 0; n < 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int row = warp * 16 + g + (i >> 1) * 8, key = first + n * 8 + 2 * t + (i & 1);
                float slope, p = probability(s[n][i], scale, row_lse[i >> 1], full, row < rows && key < keys, document, head, pos + row, key, keys, slope);
                s[n][i] = p * (dp[n][i] - row_delta[i >> 1]) * slope;
            }
        weighted_rows<HK, LK>(acc, s, sk + stage * 64 * LK);
    }
    wait_copies();
    store_rows<HK>(dq + ((long long)row0 * heads + head) * d, (long long)heads * d, warp * 16, rows, d, acc, scale, scale);
}

// WANT_KEY and WANT_VALUE: both at once where the registers suffice, else one after the other.
template <bool WANT_KEY, bool WANT_VALUE> __device__ __forceinline__ void backward_key(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, const ELEMENT* gradient, const float* lse, const float* delta, ELEMENT* dk, ELEMENT* dv_out, long long q_row,
    long long q_head, long long k_row, long long k_head, long long v_row, long long v_head, const int* key_tiles, const int* query_tiles, const int* order, const int* list,
    const int* counts, long long total, int per_head, int heads, int group, int d, int dv, float scale) {
    extern __shared__ __align__(16) unsigned char memory[];
    ELEMENT* sk = (ELEMENT*)memory;
    ELEMENT* sv = sk + 64 * LK;
    ELEMENT* sq = sv + 64 * LV;
    ELEMENT* sg = sq + 2 * 64 * LK;
    float* statistics = (float*)(sg + 2 * 64 * LV);
    int tile = order[blockIdx.x], key_head = blockIdx.y, key_heads = heads / group;
    const int* at = key_tiles + tile * 8;
    int key_row0 = at[0], present = at[1], key0 = at[2], keys = at[3], document = at[4];
    list += at[5];
    int tile_count = gridDim.x;
    copy_tile<64, HK, LK>(sk, k + key_row0 * k_row + key_head * k_head, k_row, present, d / 8);
    if (WANT_KEY) copy_tile<64, HV, LV>(sv, v + key_row0 * v_row + key_head * v_head, v_row, present, dv / 8);

    // All query tiles of the first head of the group, then of the next.
    auto list_of = [&](int member) { return list + (per_head ? (key_head * group + member) * total : 0); };
    auto count_of = [&](int member) { return counts[(per_head ? key_head * group + member : 0) * tile_count + tile]; };
    auto settle = [&](int& member, int& j) {
        while (member < group && j >= count_of(member)) {
            member++;
            j = 0;
        }
    };
    auto fetch = [&](int member, int j, int stage) {
        const int* from = query_tiles + (list_of(member)[j] & ~FULL_BIT) * 8;
        int row0 = from[0], rows = from[1], head = key_head * group + member;
        copy_tile<64, HK, LK>(sq + stage * 64 * LK, q + row0 * q_row + head * q_head, q_row, rows, d / 8);
        copy_tile<64, HV, LV>(sg + stage * 64 * LV, gradient + ((long long)row0 * heads + head) * dv, (long long)heads * dv, rows, dv / 8);
        int row = threadIdx.x & 63;
        const float* source = threadIdx.x < 64 ? lse : delta;
        copy4(statistics + stage * 128 + threadIdx.x, row < rows ? source + (long long)(row0 + row) * heads + head : source, row < rows);
    };
    int member = 0, j = 0;
    settle(member, j);
    if (member < group) fetch(member, j, 0);
    commit_copies();

    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, g = lane >> 2, t = lane & 3;
    float key_acc[WANT_KEY ? HK / 8 : 2][4], value_acc[WANT_VALUE ? HV / 8 : 2][4];
#pragma unroll
    for (int n = 0; n < (WANT_KEY ? HK / 8 : 2); n++) key_acc[n][0] = key_acc[n][1] = key_acc[n][2] = key_acc[n][3] = 0.0f;
#pragma unroll
    for (int n = 0; n < (WANT_VALUE ? HV / 8 : 2); n++) value_acc[n][0] = value_acc[n][1] = value_acc[n][2] = value_acc[n][3] = 0.0f;
    for (int stage = 0; member < group; stage ^= 1) {
        int entry = list_of(member)[j], head = key_head * group + member;
        bool full = entry & FULL_BIT;
        const int* from = query_tiles + (entry & ~FULL_BIT) * 8;
        int rows = from[1], pos = from[4];
        j++;
        settle(member, j);
        wait_copies();
        __syncthreads();
        if (member < group) fetch(member, j, stage ^ 1);
        commit_copies();

        const float* column_lse = statistics + stage * 128;
        const float* column_delta = column_lse + 64;
        float s[8][4] = {}, slope[8][4];
        outer_scores<HK, LK>(s, sk + warp * 16 * LK, sq + stage * 64 * LK);
#pragma unroll
        for (int n = 0; n < 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int row = n * 8 + 2 * t + (i & 1), key_row = warp * 16 + g + (i >> 1) * 8, key = key0 + key_row;
                s[n][i] = probability(s[n][i], scale, column_lse[row], full, row < rows && key_row < present, document, head, pos + row, key, keys, slope[n][i]);
            }
        if constexpr (WANT_VALUE) weighted_rows<HV, LV>(value_acc, s, sg + stage * 64 * LV);
        if constexpr (WANT_KEY) {
            float dp[8][4] = {};
            outer_scores<HV, LV>(dp, sv + warp * 16 * LV, sg + stage * 64 * LV);
#pragma unroll
            for (int n = 0; n < 8; n++)
#pragma unroll
                for (int i = 0; i < 4; i++) s[n][i] *= (dp[n][i] - column_delta[n * 8 + 2 * t + (i & 1)]) * slope[n][i];
            weighted_rows<HK, LK>(key_acc, s, sq + stage * 64 * LK);
        }
    }
    wait_copies();
    if constexpr (WANT_KEY) store_rows<HK>(dk + ((long long)key_row0 * key_heads + key_head) * d, (long long)key_heads * d, warp * 16, present, d, key_acc, scale, scale);
    if constexpr (WANT_VALUE) store_rows<HV>(dv_out + ((long long)key_row0 * key_heads + key_head) * dv, (long long)key_heads * dv, warp * 16, present, dv, value_acc, 1.0f, 1.0f);
}

#define BACKWARD_KEY(NAME, WANT_KEY, WANT_VALUE) \
    extern "C" __global__ void __launch_bounds__(THREADS) NAME( \
        const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, const ELEMENT* gradient, const float* lse, const float* delta, ELEMENT* dk, ELEMENT* dv_out, long long q_row, \
        long long q_head, long long k_row, long long k_head, long long v_row, long long v_head, const int* key_tiles, const int* query_tiles, const int* order, const int* list, \
        const int* counts, long long total, int per_head, int heads, int group, int d, int dv, float scale) { \
        backward_key<WANT_KEY, WANT_VALUE>(q, k, v, gradient, lse, delta, dk, dv_out, q_row, q_head, k_row, k_head, v_row, v_head, key_tiles, query_tiles, order, list, \
            counts, total, per_head, heads, group, d, dv, scale); \
    }

#if HK + HV <= 256
BACKWARD_KEY(flex_backward_key, true, true)
#else
BACKWARD_KEY(flex_backward_key, true, false)
BACKWARD_KEY(flex_backward_value, false, true)
#endif
