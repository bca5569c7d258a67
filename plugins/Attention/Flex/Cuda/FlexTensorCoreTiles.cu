// Tiles of the tensor core kernels for compute capability 8.0: copies to shared memory and products of fragments.
// ELEMENT is bf16 or fp16. HK and HV are the head sizes of keys and values filled up to a multiple of 16 with zeros; MT is how many 16-row fragments of queries a
// warp of the forward kernel holds. Four warps; 64 keys a block. Rows in shared memory are 8 elements longer than they need be, so that no two of eight rows
// share a bank.
extern __shared__ __align__(16) unsigned char memory[];

#define WARPS 4
#define THREADS 128
#define LK (HK + 8)
#define LV (HV + 8)
#define FORWARD_ROWS (64 * MT)

// rows x width elements to shared memory, zeros beyond `present` rows and `chunks` 16-byte pieces.
template <int ROWS, int WIDTH, int LD> __device__ __forceinline__ void copy_tile(ELEMENT* to, const ELEMENT* from, long long stride, int present, int chunks) {
    constexpr int PIECES = WIDTH / 8;
    for (int i = threadIdx.x; i < ROWS * PIECES; i += THREADS) {
        int r = i / PIECES, c = i % PIECES;
        bool ok = r < present && c < chunks;
        copy16(to + r * LD + c * 8, ok ? from + r * stride + c * 8 : from, ok);
    }
}

// c[16 x 64] += A[16 x WIDTH] B[64 x WIDTH]^T, both in shared memory.
template <int WIDTH, int LD> __device__ __forceinline__ void outer_scores(float (&c)[8][4], const ELEMENT* a, const ELEMENT* b) {
    int lane = threadIdx.x & 31;
    const ELEMENT* a_row = a + (lane & 15) * LD + (lane >> 4) * 8;
    const ELEMENT* b_row = b + ((lane & 7) + ((lane >> 4) << 3)) * LD + ((lane >> 3) & 1) * 8;
#pragma unroll
    for (int k = 0; k < WIDTH / 16; k++) {
        u32 x[4];
        load_matrices(x, a_row + k * 16);
#pragma unroll
        for (int n = 0; n < 4; n++) {
            u32 y[4];
            load_matrices(y, b_row + n * 16 * LD + k * 16);
            multiply<ELEMENT>(c[2 * n], x, y[0], y[1]);
            multiply<ELEMENT>(c[2 * n + 1], x, y[2], y[3]);
        }
    }
}

// c[16 x WIDTH] += P[16 x 64] B[64 x WIDTH], P as fragments in registers.
template <int WIDTH, int LD> __device__ __forceinline__ void weighted_rows(float (&c)[WIDTH / 8][4], const u32 (&p)[4][4], const ELEMENT* b) {
    int lane = threadIdx.x & 31;
    const ELEMENT* b_row = b + (lane & 15) * LD + (lane >> 4) * 8;
#pragma unroll
    for (int k = 0; k < 4; k++) {
#pragma unroll
        for (int n = 0; n < WIDTH / 16; n++) {
            u32 y[4];
            load_matrices_transposed(y, b_row + k * 16 * LD + n * 16);
            multiply<ELEMENT>(c[2 * n], p[k], y[0], y[1]);
            multiply<ELEMENT>(c[2 * n + 1], p[k], y[2], y[3]);
        }
    }
}
