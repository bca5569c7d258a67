// FlashAttention with a program on Hopper: backward to the queries, a tile of which stays, without atomics. While a block's scores become gradients, those of the block before it are
// multiplied with its keys.
#define SLOTS 4
extern "C" __global__ void __launch_bounds__(SUPPLIERS + 2 * GROUP, 1) flex_backward_query(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, const ELEMENT* gradient, const float* lse, const float* delta, ELEMENT* dq, long long q_row, long long q_head,
    long long k_row, long long k_head, long long v_row, long long v_head, const int* tiles, const int* order, const int* list, const int* counts, long long total, int per_head,
    int heads, int group, int d, int dv, float scale) {
    constexpr int TILE = 64 * HEAD;
    ELEMENT* sq = (ELEMENT*)memory;
    ELEMENT* sg = sq + 2 * TILE;
    ELEMENT* sk = sg + 2 * TILE;
    ELEMENT* sv = sk + SLOTS * TILE;
    const int tile = order[blockIdx.x], head = blockIdx.y, map = per_head ? head : 0;
    const int* at = tiles + tile * 8;
    const int row0 = at[0], rows = at[1], keys = at[3], pos = at[4], document = at[5], count = counts[map * gridDim.x + tile];
    list += map * total + at[6];
    if (threadIdx.x < SUPPLIERS) {
        shrink_registers<40>();
        k += at[2] * k_row + (head / group) * k_head;
        v += at[2] * v_row + (head / group) * v_head;
        supply<SLOTS>(count, [&](int j, int slot) {
            if (j == 0) {
                copy_tile<128>(sq, q + row0 * q_row + head * q_head, q_row, rows);
                copy_tile<128>(sg, gradient + ((long long)row0 * heads + head) * dv, (long long)heads * dv, rows);
            }
            int first = (list[j] & ~FULL_BIT) * 64;
            copy_tile<64>(sk + slot * TILE, k + first * k_row, k_row, keys - first);
            copy_tile<64>(sv + slot * TILE, v + first * v_row, v_row, keys - first);
        });
        return;
    }
    grow_registers<232>();
    const int lane = threadIdx.x & 31, warp = (threadIdx.x - SUPPLIERS) >> 5, worker = warp >> 2, g = lane >> 2, t = lane & 3;
    float row_lse[2], row_delta[2], acc[HEAD / 8][4];
    u32 p[4][4];
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int row = warp * 16 + g + half * 8;
        long long place = (long long)(row0 + row) * heads + head;
        row_lse[half] = row < rows ? lse[place] : 0.0f;
        row_delta[half] = row < rows ? delta[place] : 0.0f;
    }
    clear(acc);
    int slot = 0, last = SLOTS - 1;
    for (int j = 0; j < count; j++) {
        const int entry = list[j], first = (entry & ~FULL_BIT) * 64;
        const bool full = entry & FULL_BIT;
        float s[8][4], dp[8][4];
        await_slot(slot, worker);
        begin_products();
        outer_scores<128, 64>(s, sq + worker * 64 * 64, sk + slot * TILE);
        close_products();
        outer_scores<128, 64>(dp, sg + worker * 64 * 64, sv + slot * TILE);
        close_products();
        if (j > 0) weighted_rows<64>(acc, p, sk + last * TILE);
        close_products();
        await_products<2>();
        settle(s);
        u32 unused[4][4];
        const auto at_scores = scores_at(document, head, keys, scale, [&](int, int i) { return pos + warp * 16 + g + (i >> 1) * 8; },
                                         [&](int n, int i) { return first + n * 8 + 2 * t + (i & 1); },
                                         [&](int n, int i) { return warp * 16 + g + (i >> 1) * 8 < rows && first + n * 8 + 2 * t + (i & 1) < keys; });
        probabilities(s, unused, full, at_scores, [&](int, int i) { return row_lse[i >> 1]; });
        await_products<1>();
        settle(dp);
        each<8>([&](int n, int i) { s[n][i] *= dp[n][i] - row_delta[i >> 1]; });
        await_products<0>();
        settle(acc);
        // The turn before this one is over; this one's keys are read once more.
        if (j > 0 && j - 1 + SLOTS < count) free_slot(last);
        last = slot;
        slot = after<SLOTS>(slot);
        as_operands(p, s);
    }
    if (count > 0) {
        settle(acc);
        begin_products();
        weighted_rows<64>(acc, p, sk + last * TILE);
        close_products();
        await_products<0>();
        settle(acc);
    }
    store_rows<HEAD>(dq + ((long long)row0 * heads + head) * d, (long long)heads * d, warp * 16, rows, d, acc, scale, scale);
}
