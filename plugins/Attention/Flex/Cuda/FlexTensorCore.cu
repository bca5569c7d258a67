// FlashAttention-2 with a program: forward.
extern "C" __global__ void __launch_bounds__(THREADS) flex_forward(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, ELEMENT* out, float* lse, long long q_row, long long q_head, long long k_row, long long k_head,
    long long v_row, long long v_head, const int* tiles, const int* order, const int* list, const int* counts, long long total, int per_head, int heads, int group, int d, int dv,
    float scale) {
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
        clear(o[mt]);
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
        for (int mt = 0; mt < MT; mt++) clear(s[mt]);
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
            const int own = warp_row + mt * 16 + g;
            float shrink[2];
            soften(s[mt], largest[mt], sum[mt], shrink, full, scores_at(document, head, keys, scale, [&](int, int i) { return pos + own + (i >> 1) * 8; },
                                                                        [&](int n, int i) { return first + n * 8 + 2 * t + (i & 1); },
                                                                        [&](int n, int i) { return own + (i >> 1) * 8 < rows && first + n * 8 + 2 * t + (i & 1) < keys; }));
            each<HV / 8>([&](int n, int i) { o[mt][n][i] *= shrink[i >> 1]; });
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
        finish(inverse, largest[mt], sum[mt], lse + (long long)row0 * heads + head, heads, warp_row + mt * 16 + g, rows, scale);
        store_rows<HV>(out + ((long long)row0 * heads + head) * dv, (long long)heads * dv, warp_row + mt * 16, rows, dv, o[mt], inverse[0], inverse[1]);
    }
}
