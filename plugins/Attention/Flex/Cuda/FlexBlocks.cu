// Which blocks of the score matrix are computed at all: each block of BM queries and BN keys of one document is empty, full or partial under the mask.
// A query tile is 8 ints: first row, rows, first key row of its document, keys of the document, position of the first row, document, offset of its list,
// blocks of keys. A key tile: first row, rows, position of the first row, keys of the document, document, offset of its list, first query tile, query tiles.
#define BLOCK_EMPTY 0
#define BLOCK_PARTIAL 1
#define BLOCK_FULL 2

// Packs the numbers of the blocks that are not empty; flag(i) is the flag of block i. Run by one warp.
template <class Flag> __device__ __forceinline__ int compact(int blocks, int* list, Flag flag, int first) {
    int lane = threadIdx.x & 31, count = 0;
    for (int base = 0; base < blocks; base += 32) {
        int i = base + lane;
        int f = i < blocks ? flag(i) : BLOCK_EMPTY;
        unsigned int live = __ballot_sync(0xffffffffu, f != BLOCK_EMPTY);
        if (f != BLOCK_EMPTY) list[count + __popc(live & ((1u << lane) - 1u))] = (first + i) | (f == BLOCK_FULL ? FULL_BIT : 0);
        count += __popc(live);
    }
    return count;
}

// One thread block for a query tile and a head (or all heads): a warp evaluates the mask over a block.
extern "C" __global__ void flex_blocks(const int* tiles, unsigned char* flags, int* list, int* counts, long long total) {
    const int* t = tiles + blockIdx.x * 8;
    int rows = t[1], keys = t[3], pos = t[4], document = t[5], blocks = t[7], head = blockIdx.y;
    flags += head * total + t[6];
    list += head * total + t[6];
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    for (int kb = warp; kb < blocks; kb += warps) {
        bool any = false, all = rows == BM && (kb + 1) * BN <= keys;
        for (int i = lane; i < BM * BN; i += 32) {
            int row = i / BN, key = kb * BN + i % BN;
            if (row < rows && key < keys) {
                bool seen = flex_mask(document, head, pos + row, key, keys);
                any |= seen;
                all &= seen;
            }
        }
        any = __any_sync(0xffffffffu, any);
        all = __all_sync(0xffffffffu, all);
        if (lane == 0) flags[kb] = all ? BLOCK_FULL : any ? BLOCK_PARTIAL : BLOCK_EMPTY;
    }
    __syncthreads();
    if (warp == 0) {
        int count = compact(blocks, list, [&](int i) { return (int)flags[i]; }, 0);
        if (lane == 0) counts[head * gridDim.x + blockIdx.x] = count;
    }
}

// The same lists for key tiles: which query tiles see them. One warp each.
extern "C" __global__ void flex_columns(const int* key_tiles, const int* query_tiles, const unsigned char* flags, int* list, int* counts, long long total) {
    const int* t = key_tiles + blockIdx.x * 8;
    int kb = t[2] / BN, first = t[6], head = blockIdx.y;
    flags += head * total;
    int count = compact(t[7], list + head * total + t[5], [&](int i) { return (int)flags[query_tiles[(first + i) * 8 + 6] + kb]; }, first);
    if ((threadIdx.x & 31) == 0) counts[head * gridDim.x + blockIdx.x] = count;
}
