// The plain form of the kernels in FlexTensorCore.cu, for fp32, for older devices and for head sizes that are no multiple of 8: a warp computes one row, its lanes
// take one key (or query) each for the scores and every 32nd column for the sums. BM rows of queries or BN rows of keys for a block of 4 warps.
// SLICES is the larger head size over 32, rounded up.
#define WARPS 4
#define WARP_ROW(TILE) for (int row = threadIdx.x >> 5; row < TILE; row += WARPS)
#define NEGATIVE_INFINITY (-__int_as_float(0x7f800000))

__device__ __forceinline__ float dot(const ELEMENT* a, const ELEMENT* b, int size) {
    float x = 0.0f;
    for (int i = 0; i < size; i++) x += to_float(a[i]) * to_float(b[i]);
    return x;
}

__device__ __forceinline__ float modified(float s, int document, int head, int query, int key, int keys, float& slope) {
#if FLEX_SCORE
    return flex_score_slope(s, document, head, query, key, keys, slope);
#else
    slope = 1.0f;
    return s;
#endif
}

extern "C" __global__ void flex_forward(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, ELEMENT* out, float* lse, long long q_row, long long q_head, long long k_row, long long k_head,
    long long v_row, long long v_head, const int* tiles, const int* order, const int* list, const int* counts, long long total, int per_head, int heads, int group, int d, int dv,
    float scale) {
    int tile = order[blockIdx.x], head = blockIdx.y, map = per_head ? head : 0, lane = threadIdx.x & 31;
    const int* at = tiles + tile * 8;
    int keys = at[3], document = at[5], count = counts[map * gridDim.x + tile];
    list += map * total + at[6];
    k += at[2] * k_row + (head / group) * k_head;
    v += at[2] * v_row + (head / group) * v_head;
    WARP_ROW(at[1]) {
        long long place = (long long)(at[0] + row) * heads + head;
        const ELEMENT* query = q + (at[0] + row) * q_row + head * q_head;
        float o[SLICES] = {}, largest = NEGATIVE_INFINITY, sum = 0.0f, slope;
        for (int j = 0; j < count; j++) {
            int first = (list[j] & ~FULL_BIT) * BN, key = first + lane;
            bool seen = key < keys && flex_mask(document, head, at[4] + row, key, keys);
            float s = seen ? modified(dot(query, k + key * k_row, d) * scale, document, head, at[4] + row, key, keys, slope) : NEGATIVE_INFINITY;
            float m = fmaxf(largest, warp_max(s));
            if (m == NEGATIVE_INFINITY) continue;
            float p = expf(s - m), shrink = expf(largest - m);
            largest = m;
            sum = sum * shrink + warp_sum(p);
            for (int i = 0; i < SLICES; i++) o[i] *= shrink;
            int present = min(BN, keys - first);
            for (int c = 0; c < present; c++) {
                float weight = __shfl_sync(0xffffffffu, p, c);
                for (int i = 0; i < SLICES; i++)
                    if (i * 32 + lane < dv) o[i] += weight * to_float(v[(first + c) * v_row + i * 32 + lane]);
            }
        }
        for (int i = 0; i < SLICES; i++)
            if (i * 32 + lane < dv) out[place * dv + i * 32 + lane] = from_float<ELEMENT>(sum == 0.0f ? 0.0f : o[i] / sum);
        if (lane == 0) lse[place] = sum == 0.0f ? NEGATIVE_INFINITY : largest + logf(sum);
    }
}

extern "C" __global__ void flex_backward_query(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, const ELEMENT* gradient, const float* lse, const float* delta, ELEMENT* dq, long long q_row, long long q_head,
    long long k_row, long long k_head, long long v_row, long long v_head, const int* tiles, const int* order, const int* list, const int* counts, long long total, int per_head,
    int heads, int group, int d, int dv, float scale) {
    int tile = order[blockIdx.x], head = blockIdx.y, map = per_head ? head : 0, lane = threadIdx.x & 31;
    const int* at = tiles + tile * 8;
    int keys = at[3], document = at[5], count = counts[map * gridDim.x + tile];
    list += map * total + at[6];
    k += at[2] * k_row + (head / group) * k_head;
    v += at[2] * v_row + (head / group) * v_head;
    WARP_ROW(at[1]) {
        long long place = (long long)(at[0] + row) * heads + head;
        const ELEMENT* query = q + (at[0] + row) * q_row + head * q_head;
        float acc[SLICES] = {}, slope = 0.0f;
        for (int j = 0; j < count; j++) {
            int first = (list[j] & ~FULL_BIT) * BN, key = first + lane;
            float ds = 0.0f;
            if (key < keys && flex_mask(document, head, at[4] + row, key, keys)) {
                float s = modified(dot(query, k + key * k_row, d) * scale, document, head, at[4] + row, key, keys, slope);
                if (s != NEGATIVE_INFINITY) ds = expf(s - lse[place]) * (dot(gradient + place * dv, v + key * v_row, dv) - delta[place]) * slope * scale;
            }
            int present = min(BN, keys - first);
            for (int c = 0; c < present; c++) {
                float weight = __shfl_sync(0xffffffffu, ds, c);
                for (int i = 0; i < SLICES; i++)
                    if (i * 32 + lane < d) acc[i] += weight * to_float(k[(first + c) * k_row + i * 32 + lane]);
            }
        }
        for (int i = 0; i < SLICES; i++)
            if (i * 32 + lane < d) dq[place * d + i * 32 + lane] = from_float<ELEMENT>(acc[i]);
    }
}

extern "C" __global__ void flex_backward_key(
    const ELEMENT* q, const ELEMENT* k, const ELEMENT* v, const ELEMENT* gradient, const float* lse, const float* delta, ELEMENT* dk, ELEMENT* dv_out, long long q_row,
    long long q_head, long long k_row, long long k_head, long long v_row, long long v_head, const int* key_tiles, const int* query_tiles, const int* order, const int* list,
    const int* counts, long long total, int per_head, int heads, int group, int d, int dv, float scale) {
    int tile = order[blockIdx.x], key_head = blockIdx.y, lane = threadIdx.x & 31;
    const int* at = key_tiles + tile * 8;
    int keys = at[3], document = at[4];
    list += at[5];
    WARP_ROW(at[1]) {
        const ELEMENT* own_key = k + (at[0] + row) * k_row + key_head * k_head;
        const ELEMENT* own_value = v + (at[0] + row) * v_row + key_head * v_head;
        float key_acc[SLICES] = {}, value_acc[SLICES] = {}, slope = 0.0f;
        for (int member = 0; member < group; member++) {
            int head = key_head * group + member, map = per_head ? head : 0, count = counts[map * gridDim.x + tile];
            for (int j = 0; j < count; j++) {
                const int* from = query_tiles + (list[map * total + j] & ~FULL_BIT) * 8;
                long long place = (long long)(from[0] + lane) * heads + head;
                float p = 0.0f, ds = 0.0f;
                if (lane < from[1] && flex_mask(document, head, from[4] + lane, at[2] + row, keys)) {
                    float s = modified(dot(q + (from[0] + lane) * q_row + head * q_head, own_key, d) * scale, document, head, from[4] + lane, at[2] + row, keys, slope);
                    if (s != NEGATIVE_INFINITY) {
                        p = expf(s - lse[place]);
                        ds = p * (dot(gradient + place * dv, own_value, dv) - delta[place]) * slope * scale;
                    }
                }
                for (int c = 0; c < from[1]; c++) {
                    float weight = __shfl_sync(0xffffffffu, p, c), share = __shfl_sync(0xffffffffu, ds, c);
                    long long other = (long long)(from[0] + c) * heads + head;
                    for (int i = 0; i < SLICES; i++) {
                        int column = i * 32 + lane;
                        if (column < dv) value_acc[i] += weight * to_float(gradient[other * dv + column]);
                        if (column < d) key_acc[i] += share * to_float(q[(from[0] + c) * q_row + head * q_head + column]);
                    }
                }
            }
        }
        long long place = (long long)(at[0] + row) * (heads / group) + key_head;
        for (int i = 0; i < SLICES; i++) {
            int column = i * 32 + lane;
            if (column < d) dk[place * d + column] = from_float<ELEMENT>(key_acc[i]);
            if (column < dv) dv_out[place * dv + column] = from_float<ELEMENT>(value_acc[i]);
        }
    }
}
