// FlashAttention with a program on Hopper: backward to keys and values, a tile of which stays, without atomics. With WITH_QUERY, for heads of 64, to the queries as well, so that each
// score is computed once: a third warpgroup multiplies the gradients of scores with the keys and adds the products up in fp32, in an order that differs from run to run;
// flex_finish_query makes the gradient of the queries of the sums.
#define SLOTS 4

#ifdef WITH_QUERY
#define GROUPS 3
#define WORKER_REGISTERS 200

// Gradients of scores go to the third warpgroup through a tile of shared memory: it is full when both workers wrote, and each waits until it is free again.
__device__ __forceinline__ int when_full() { return 3 * SLOTS; }

__device__ __forceinline__ int when_free(int worker) { return 3 * SLOTS + 1 + worker; }

// Sums of a tile of 64 queries lie as threads of a warpgroup hold them: four of thread i at 16 * i, for eight columns after the other.
__device__ __forceinline__ float* sums_of(float* sums, int head, int tiles, int tile) { return sums + ((long long)head * tiles + tile) * 64 * 64 + (threadIdx.x % GROUP) * 4; }

__device__ __forceinline__ void add_four(float* to, const float (&x)[4]) {
    asm volatile("red.relaxed.gpu.global.add.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(to), "f"(x[0]), "f"(x[1]), "f"(x[2]), "f"(x[3]) : "memory");
}

// The gradient of the queries from the sums: for a tile and head 256 threads, each for eight columns of the two rows whose sums lie side by side.
extern "C" __global__ void flex_finish_query(const float* sums, ELEMENT* dq, const int* query_tiles, int heads, float scale) {
    const int* at = query_tiles + blockIdx.x * 8;
    const int head = blockIdx.y, n = threadIdx.x % 8, pair = threadIdx.x / 8, row = pair / 8 * 16 + pair % 8;
    const float* from = sums + ((long long)head * gridDim.x + blockIdx.x) * 64 * 64 + n * GROUP * 4 + pair * 16;
    Pack<float> four[4];
#pragma unroll
    for (int t = 0; t < 4; t++) four[t] = load_pack(from + t * 4);
    ELEMENT* to = dq + ((long long)(at[0] + row) * heads + head) * 64 + n * 8;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        if (row + half * 8 >= at[1]) continue;
        uint4 eight;
        eight.x = pack<ELEMENT>(four[0].at[2 * half] * scale, four[0].at[2 * half + 1] * scale);
        eight.y = pack<ELEMENT>(four[1].at[2 * half] * scale, four[1].at[2 * half + 1] * scale);
        eight.z = pack<ELEMENT>(four[2].at[2 * half] * scale, four[2].at[2 * half + 1] * scale);
        eight.w = pack<ELEMENT>(four[3].at[2 * half] * scale, four[3].at[2 * half + 1] * scale);
        *(uint4*)(to + (long long)half * 8 * heads * 64) = eight;
    }
}

#else
#define GROUPS 2
#define WORKER_REGISTERS 232
#endif

extern "C" __global__ void __launch_bounds__(SUPPLIERS + GROUPS * GROUP, 1) flex_backward_key(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, const ELEMENT* gradient, const float* lse, const float* delta, ELEMENT* dk, ELEMENT* dv_out, long long q_row,
    long long q_head, long long k_row, long long k_head, long long v_row, long long v_head, const int* key_tiles, const int* query_tiles, const int* order, const int* list,
    const int* counts, long long total, int per_head, int heads, int group, int d, int dv, float scale
#ifdef WITH_QUERY
    , float* sums, int query_tile_count
#endif
) {
    constexpr int TILE = 64 * HEAD;
    ELEMENT* sk = (ELEMENT*)memory;
    ELEMENT* sv = sk + 2 * TILE;
    ELEMENT* sq = sv + 2 * TILE;
    ELEMENT* sg = sq + SLOTS * TILE;
    float* statistics = (float*)(sg + SLOTS * TILE);
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
#ifdef WITH_QUERY
    ELEMENT* sd = (ELEMENT*)(statistics + SLOTS * 128);
    if (threadIdx.x >= SUPPLIERS + 2 * GROUP) {
        shrink_registers<72>();
        for (int turn = 0; turn < turns; turn++) {
            const int query_tile = list_of(member)[j] & ~FULL_BIT, head = key_head * group + member;
            j++;
            skip(member, j);
            float dq[8][4];
            meet<3 * GROUP>(when_full());
            begin_products();
            const u64 left = describe(sd), right = describe(sk);
            multiply_across<false>(dq, left, right);
#pragma unroll
            for (int i = 1; i < 8; i++) multiply_across<true>(dq, left + i * 16 * 128 / 16, right + i * 16 * 128 / 16);
            close_products();
            await_products<0>();
            settle(dq);
            if (turn + 1 < turns) {
                announce<2 * GROUP>(when_free(0));
                announce<2 * GROUP>(when_free(1));
            }
            float* to = sums_of(sums, head, query_tile_count, query_tile);
#pragma unroll
            for (int n = 0; n < 8; n++) add_four(to + n * GROUP * 4, dq[n]);
        }
        return;
    }
#endif
    grow_registers<WORKER_REGISTERS>();
    const int lane = threadIdx.x & 31, warp = (threadIdx.x - SUPPLIERS) >> 5, worker = warp >> 2, g = lane >> 2, t = lane & 3;
    float key_acc[HEAD / 8][4], value_acc[HEAD / 8][4];
    clear(key_acc);
    clear(value_acc);
    int slot = 0;
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
        await_slot(slot, worker);
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
        settle(key_acc);
        begin_products();
        weighted_rows<64>(key_acc, ds, sq + slot * TILE);
        close_products();
#ifdef WITH_QUERY
        if (turn > 0) meet<2 * GROUP>(when_free(worker));
        ELEMENT* to = sd + (warp * 16 + g) * 64 + 2 * t;
#pragma unroll
        for (int n = 0; n < 8; n++)
#pragma unroll
            for (int half = 0; half < 2; half++) *(u32*)(to + half * 8 * 64 + (n ^ g) * 8) = ds[n / 2][n % 2 * 2 + half];
        publish_writes();
        announce<3 * GROUP>(when_full());
#endif
        await_products<0>();
        settle(value_acc);
        settle(key_acc);
        if (turn + SLOTS < turns) free_slot(slot);
        slot = after<SLOTS>(slot);
    }
    store_rows<HEAD>(dk + ((long long)key_row0 * key_heads + key_head) * d, (long long)key_heads * d, warp * 16, present, d, key_acc, scale, scale);
    store_rows<HEAD>(dv_out + ((long long)key_row0 * key_heads + key_head) * dv, (long long)key_heads * dv, warp * 16, present, dv, value_acc, 1.0f, 1.0f);
}
