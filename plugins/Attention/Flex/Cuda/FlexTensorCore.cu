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
