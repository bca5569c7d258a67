// FlashAttention with a program on Hopper: forward. While a block's softmax is computed, the block before it is multiplied with its values.
#define SLOTS 3
extern "C" __global__ void __launch_bounds__(SUPPLIERS + 2 * GROUP, 1) flex_forward(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, ELEMENT* out, float* lse, long long q_row, long long q_head, long long k_row, long long k_head,
    long long v_row, long long v_head, const int* tiles, const int* order, const int* list, const int* counts, long long total, int per_head, int heads, int group, int d, int dv,
    float scale) {
    constexpr int TILE = 128 * HEAD;
    ELEMENT* sq = (ELEMENT*)memory;
    ELEMENT* sk = sq + 128 * HEAD;
    ELEMENT* sv = sk + SLOTS * TILE;
    const int tile = order[blockIdx.x], head = blockIdx.y, map = per_head ? head : 0;
    const int* at = tiles + tile * 8;
    const int row0 = at[0], rows = at[1], keys = at[3], pos = at[4], document = at[5], count = counts[map * gridDim.x + tile];
    list += map * total + at[6];
    // Turn j has the keys of block j and the values of block j - 1.
    if (threadIdx.x < SUPPLIERS) {
        shrink_registers<40>();
        k += at[2] * k_row + (head / group) * k_head;
        v += at[2] * v_row + (head / group) * v_head;
        int before = 0;
        supply<SLOTS>(count == 0 ? 0 : count + 1, [&](int j, int slot) {
            if (j == 0) copy_tile<128>(sq, q + row0 * q_row + head * q_head, q_row, rows);
            if (j > 0) copy_tile<128>(sv + slot * TILE, v + before * v_row, v_row, keys - before);
            if (j == count) return;
            before = (list[j] & ~FULL_BIT) * 128;
            copy_tile<128>(sk + slot * TILE, k + before * k_row, k_row, keys - before);
        });
        return;
    }
    grow_registers<232>();
    const int lane = threadIdx.x & 31, warp = (threadIdx.x - SUPPLIERS) >> 5, worker = warp >> 2, g = lane >> 2, t = lane & 3;
    const ELEMENT* own = sq + worker * 64 * 64;
    float o[HEAD / 8][4], largest[2] = {NEGATIVE_INFINITY, NEGATIVE_INFINITY}, sum[2] = {0.0f, 0.0f};
    u32 p[8][4];
    clear(o);
    int slot = 0;
    for (int j = 0; j < count; j++) {
        const int entry = list[j], first = (entry & ~FULL_BIT) * 128;
        const bool full = entry & FULL_BIT;
        // Sums that begin with zeros instead of being replaced are 5 % faster here, who knows why.
        float s[16][4];
        clear(s);
        await_slot(slot, worker);
        settle(s);
        begin_products();
        outer_scores<128, 128, true>(s, own, sk + slot * TILE);
        close_products();
        if (j > 0) weighted_rows<128>(o, p, sv + slot * TILE);
        close_products();
        await_products<1>();
        settle(s);
        float shrink[2];
        const auto at_scores = scores_at(document, head, keys, scale, [&](int, int i) { return pos + warp * 16 + g + (i >> 1) * 8; },
                                         [&](int n, int i) { return first + n * 8 + 2 * t + (i & 1); },
                                         [&](int n, int i) { return warp * 16 + g + (i >> 1) * 8 < rows && first + n * 8 + 2 * t + (i & 1) < keys; });
        soften(s, largest, sum, shrink, full, at_scores);
        await_products<0>();
        settle(o);
        if (j + SLOTS <= count) free_slot(slot);
        slot = after<SLOTS>(slot);
        each<HEAD / 8>([&](int n, int i) { o[n][i] *= shrink[i >> 1]; });
        as_operands(p, s);
    }
    if (count > 0) {
        await_slot(slot, worker);
        settle(o);
        begin_products();
        weighted_rows<128>(o, p, sv + slot * TILE);
        close_products();
        await_products<0>();
        settle(o);
    }
    float inverse[2];
    finish(inverse, largest, sum, lse + (long long)row0 * heads + head, heads, warp * 16 + g, rows, scale);
    store_rows<HEAD>(out + ((long long)row0 * heads + head) * dv, (long long)heads * dv, warp * 16, rows, dv, o, inverse[0], inverse[1]);
}
