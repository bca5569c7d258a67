// FlashAttention-2 with a program: backward to keys and values, a tile of which stays, without atomics.

// WANT_KEY and WANT_VALUE: both at once where the registers suffice, else one after the other.
template <bool WANT_KEY, bool WANT_VALUE> __device__ __forceinline__ void backward_key(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, const ELEMENT* gradient, const float* lse, const float* delta, ELEMENT* dk, ELEMENT* dv_out, long long q_row,
    long long q_head, long long k_row, long long k_head, long long v_row, long long v_head, const int* key_tiles, const int* query_tiles, const int* order, const int* list,
    const int* counts, long long total, int per_head, int heads, int group, int d, int dv, float scale) {
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
    clear(key_acc);
    clear(value_acc);
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
        float s[8][4] = {};
        u32 p[4][4];
        outer_scores<HK, LK>(s, sk + warp * 16 * LK, sq + stage * 64 * LK);
        const auto at_scores = scores_at(document, head, keys, scale, [&](int n, int i) { return pos + n * 8 + 2 * t + (i & 1); },
                                         [&](int, int i) { return key0 + warp * 16 + g + (i >> 1) * 8; },
                                         [&](int n, int i) { return n * 8 + 2 * t + (i & 1) < rows && warp * 16 + g + (i >> 1) * 8 < present; });
        probabilities(s, p, full, at_scores, [&](int n, int i) { return column_lse[n * 8 + 2 * t + (i & 1)]; });
        if constexpr (WANT_VALUE) weighted_rows<HV, LV>(value_acc, p, sg + stage * 64 * LV);
        if constexpr (WANT_KEY) {
            float dp[8][4] = {};
            outer_scores<HV, LV>(dp, sv + warp * 16 * LV, sg + stage * 64 * LV);
            each<8>([&](int n, int i) { s[n][i] *= dp[n][i] - column_delta[n * 8 + 2 * t + (i & 1)]; });
            as_operands(p, s);
            weighted_rows<HK, LK>(key_acc, p, sq + stage * 64 * LK);
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
