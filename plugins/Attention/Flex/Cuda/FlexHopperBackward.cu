// FlashAttention with a program on Hopper: backward for heads of 64, each score computed once. A third warpgroup multiplies the gradients of scores with the keys and adds the products up
// in fp32, in an order that differs from run to run; flex_finish_query makes the gradient of the queries of the sums.
#define SLOTS 3
#define BUFFERS 2
#define BLOCK (SUPPLIERS + 3 * GROUP)

// Gradients of scores on their way from the workers to the third warpgroup: a buffer is full when both wrote, and each worker waits until it is free again.
__device__ __forceinline__ int when_full(int buffer) { return 3 * SLOTS + 3 * buffer; }

__device__ __forceinline__ int when_free(int buffer, int worker) { return 3 * SLOTS + 3 * buffer + 1 + worker; }

// Sums of a tile of 64 queries lie as threads of a warpgroup hold them: four of thread i at 16 * i, for eight columns after the other.
__device__ __forceinline__ float* sums_of(float* sums, int head, int tiles, int tile) { return sums + ((long long)head * tiles + tile) * 64 * 64 + (threadIdx.x % GROUP) * 4; }

__device__ __forceinline__ void add_four(float* to, const float (&x)[4]) {
    asm volatile("red.relaxed.gpu.global.add.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(to), "f"(x[0]), "f"(x[1]), "f"(x[2]), "f"(x[3]) : "memory");
}

extern "C" __global__ void __launch_bounds__(BLOCK, 1) flex_backward(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, const ELEMENT* gradient, const float* lse, const float* delta, ELEMENT* dk, ELEMENT* dv_out, float* sums, long long q_row,
    long long q_head, long long k_row, long long k_head, long long v_row, long long v_head, const int* key_tiles, const int* query_tiles, const int* order, const int* list,
    const int* counts, long long total, int per_head, int heads, int group, int d, int dv, float scale, int query_tile_count) {
    constexpr int TILE = 64 * HEAD;
    ELEMENT* sk = (ELEMENT*)memory;
    ELEMENT* sv = sk + 2 * TILE;
    ELEMENT* sq = sv + 2 * TILE;
    ELEMENT* sg = sq + SLOTS * TILE;
    ELEMENT* sd = sg + SLOTS * TILE;
    float* statistics = (float*)(sd + BUFFERS * 128 * 64);
    const int tile = order[blockIdx.x], key_head = blockIdx.y, key_heads = heads / group, tile_count = gridDim.x;
    const int* at = key_tiles + tile * 8;
    const int key_row0 = at[0], present = at[1], key0 = at[2], keys = at[3], document = at[4];
    list += at[5];

    // Turns are the query tiles of the first head of the group, then those of the next.
    auto list_of = [&](int member) { return list + (per_head ? (key_head * group + member) * total : 0); };
    auto count_of = [&](int member) { return counts[(per_head ? key_head * group + member : 0) * tile_count + tile]; };
    auto skip = [&](int& member, int& j) {
        while (member < group && j >= count_of(member)) {
            member++;
            j = 0;
        }
    };
    int turns = 0, member = 0, j = 0;
    for (int m = 0; m < group; m++) turns += count_of(m);
    skip(member, j);
    if (threadIdx.x < SUPPLIERS) {
        shrink_registers<40>();
        supply<SLOTS>(turns, [&](int turn, int slot) {
            if (turn == 0) {
                copy_tile<128>(sk, k + key_row0 * k_row + key_head * k_head, k_row, present);
                copy_tile<128>(sv, v + key_row0 * v_row + key_head * v_head, v_row, present);
            }
            const int* from = query_tiles + (list_of(member)[j] & ~FULL_BIT) * 8;
            int row0 = from[0], rows = from[1], head = key_head * group + member, row = threadIdx.x & 63;
            copy_tile<64>(sq + slot * TILE, q + row0 * q_row + head * q_head, q_row, rows);
            copy_tile<64>(sg + slot * TILE, gradient + ((long long)row0 * heads + head) * dv, (long long)heads * dv, rows);
            const float* source = threadIdx.x < 64 ? lse : delta;
            copy4(statistics + slot * 128 + threadIdx.x, row < rows ? source + (long long)(row0 + row) * heads + head : source, row < rows);
            j++;
            skip(member, j);
        });
        return;
    }
    if (threadIdx.x >= SUPPLIERS + 2 * GROUP) {
        shrink_registers<88>();
        for (int turn = 0, buffer = 0; turn < turns; turn++, buffer = after<BUFFERS>(buffer)) {
            const int query_tile = list_of(member)[j] & ~FULL_BIT, head = key_head * group + member;
            j++;
            skip(member, j);
            float dq[8][4];
            clear(dq);
            meet<3 * GROUP>(when_full(buffer));
            settle(dq);
            begin_products();
            const u64 left = describe(sd + buffer * 128 * 64), right = describe(sk);
#pragma unroll
            for (int i = 0; i < 8; i++) multiply_across<ELEMENT>(dq, left + i * 16 * 128 / 16, right + i * 16 * 128 / 16);
            close_products();
            await_products<0>();
            settle(dq);
            if (turn + BUFFERS < turns) {
                announce<2 * GROUP>(when_free(buffer, 0));
                announce<2 * GROUP>(when_free(buffer, 1));
            }
            float* to = sums_of(sums, head, query_tile_count, query_tile);
#pragma unroll
            for (int n = 0; n < 8; n++) add_four(to + n * GROUP * 4, dq[n]);
        }
        return;
    }
    grow_registers<192>();
    const int lane = threadIdx.x & 31, warp = (threadIdx.x - SUPPLIERS) >> 5, worker = warp >> 2, g = lane >> 2, t = lane & 3;
    float key_acc[HEAD / 8][4], value_acc[HEAD / 8][4];
    clear(key_acc);
    clear(value_acc);
    int slot = 0, buffer = 0;
    for (int turn = 0; turn < turns; turn++) {
        const int entry = list_of(member)[j], head = key_head * group + member;
        const bool full = entry & FULL_BIT;
        const int* from = query_tiles + (entry & ~FULL_BIT) * 8;
        const int rows = from[1], pos = from[4];
        j++;
        skip(member, j);

        const float* column_lse = statistics + slot * 128;
        const float* column_delta = column_lse + 64;
        float s[8][4], dp[8][4];
        u32 p[4][4], ds[4][4];
        clear(s);
        clear(dp);
        await_slot(slot, worker);
        settle(s);
        settle(dp);
        begin_products();
        outer_scores<128, 64>(s, sk + worker * 64 * 64, sq + slot * TILE);
        close_products();
        outer_scores<128, 64>(dp, sv + worker * 64 * 64, sg + slot * TILE);
        close_products();
        await_products<1>();
        settle(s);
        const auto at_scores = scores_at(document, head, keys, scale, [&](int n, int i) { return pos + n * 8 + 2 * t + (i & 1); },
                                         [&](int, int i) { return key0 + warp * 16 + g + (i >> 1) * 8; },
                                         [&](int n, int i) { return n * 8 + 2 * t + (i & 1) < rows && warp * 16 + g + (i >> 1) * 8 < present; });
        probabilities(s, p, full, at_scores, [&](int n, int i) { return column_lse[n * 8 + 2 * t + (i & 1)]; });
        settle(value_acc);
        begin_products();
        weighted_rows<64>(value_acc, p, sg + slot * TILE);
        close_products();
        await_products<1>();
        settle(dp);
        each<8>([&](int n, int i) { s[n][i] *= dp[n][i] - column_delta[n * 8 + 2 * t + (i & 1)]; });
        as_operands(ds, s);
        if (turn >= BUFFERS) meet<2 * GROUP>(when_free(buffer, worker));
        ELEMENT* to = sd + buffer * 128 * 64 + (warp * 16 + g) * 64 + 2 * t;
#pragma unroll
        for (int n = 0; n < 8; n++)
#pragma unroll
            for (int half = 0; half < 2; half++) *(u32*)(to + half * 8 * 64 + (n ^ g) * 8) = ds[n / 2][n % 2 * 2 + half];
        publish_writes();
        announce<3 * GROUP>(when_full(buffer));
        buffer = after<BUFFERS>(buffer);
        settle(key_acc);
        begin_products();
        weighted_rows<64>(key_acc, ds, sq + slot * TILE);
        close_products();
        await_products<0>();
        settle(value_acc);
        settle(key_acc);
        if (turn + SLOTS < turns) free_slot(slot);
        slot = after<SLOTS>(slot);
    }
    store_rows<HEAD>(dk + ((long long)key_row0 * key_heads + key_head) * d, (long long)key_heads * d, warp * 16, present, d, key_acc, scale, scale);
    store_rows<HEAD>(dv_out + ((long long)key_row0 * key_heads + key_head) * dv, (long long)key_heads * dv, warp * 16, present, dv, value_acc, 1.0f, 1.0f);
}

// The gradient of the queries from the sums, by a warpgroup for each tile and head.
extern "C" __global__ void flex_finish_query(float* sums, ELEMENT* dq, const int* query_tiles, int heads, float scale) {
    const int* at = query_tiles + blockIdx.x * 8;
    const int head = blockIdx.y;
    const float* from = sums_of(sums, head, gridDim.x, blockIdx.x);
    float acc[8][4];
#pragma unroll
    for (int n = 0; n < 8; n++) {
        const Pack<float> four = load_pack(from + n * GROUP * 4);
#pragma unroll
        for (int i = 0; i < 4; i++) acc[n][i] = four.at[i];
    }
    store_rows<64>(dq + ((long long)at[0] * heads + head) * 64, (long long)heads * 64, (threadIdx.x >> 5) * 16, at[1], 64, acc, scale, scale);
}
