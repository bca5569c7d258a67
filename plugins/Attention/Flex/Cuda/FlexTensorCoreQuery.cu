// FlashAttention-2 with a program: backward to the queries, a tile of which stays, without atomics.

extern "C" __global__ void __launch_bounds__(THREADS) flex_backward_query(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, const ELEMENT* gradient, const float* lse, const float* delta, ELEMENT* dq, long long q_row, long long q_head,
    long long k_row, long long k_head, long long v_row, long long v_head, const int* tiles, const int* order, const int* list, const int* counts, long long total, int per_head,
    int heads, int group, int d, int dv, float scale) {
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
    clear(acc);
    for (int j = 0; j < count; j++) {
        int entry = list[j], first = (entry & ~FULL_BIT) * 64, stage = j & 1;
        bool full = entry & FULL_BIT;
        wait_copies();
        __syncthreads();
        if (j + 1 < count) fetch(j + 1);
        commit_copies();

        float s[8][4] = {}, dp[8][4] = {};
        u32 p[4][4];
        outer_scores<HK, LK>(s, sq + warp * 16 * LK, sk + stage * 64 * LK);
        outer_scores<HV, LV>(dp, sg + warp * 16 * LV, sv + stage * 64 * LV);
        const auto at_scores = scores_at(document, head, keys, scale, [&](int, int i) { return pos + warp * 16 + g + (i >> 1) * 8; },
                                         [&](int n, int i) { return first + n * 8 + 2 * t + (i & 1); },
                                         [&](int n, int i) { return warp * 16 + g + (i >> 1) * 8 < rows && first + n * 8 + 2 * t + (i & 1) < keys; });
        probabilities(s, p, full, at_scores, [&](int, int i) { return row_lse[i >> 1]; });
        each<8>([&](int n, int i) { s[n][i] *= dp[n][i] - row_delta[i >> 1]; });
        as_operands(p, s);
        weighted_rows<HK, LK>(acc, p, sk + stage * 64 * LK);
    }
    wait_copies();
    store_rows<HK>(dq + ((long long)row0 * heads + head) * d, (long long)heads * d, warp * 16, rows, d, acc, scale, scale);
}
