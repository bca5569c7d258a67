// Tiles of the kernels for Hopper. ELEMENT is bf16 or fp16, HEAD the size of all heads, 64 or 128. The first warpgroup of a block, the suppliers, fetches tiles into slots of shared
// memory; two more, the workers, compute with them, each for 64 of 128 rows. A tile is panels of 64 columns, each rows of 128 bytes whose 16-byte piece c lies at c ^ (row % 8):
// what products of warpgroups read without conflicts.
extern __shared__ __align__(1024) unsigned char memory[];

#define SUPPLIERS 128
#define GROUP 128

// Registers move from the suppliers to those who compute: how many a thread of the warpgroup has from here on.
template <int N> __device__ __forceinline__ void shrink_registers() { asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(N)); }

template <int N> __device__ __forceinline__ void grow_registers() { asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(N)); }

// Barriers of so many threads, by number. Who only announces does not wait.
template <int THREADS> __device__ __forceinline__ void meet(int barrier) { asm volatile("bar.sync %0, %1;" ::"r"(barrier), "n"(THREADS) : "memory"); }

template <int THREADS> __device__ __forceinline__ void announce(int barrier) { asm volatile("bar.arrive %0, %1;" ::"r"(barrier), "n"(THREADS) : "memory"); }

// Each worker, a warpgroup that computes, waits for a full slot by itself; the suppliers wait until both say that it is free.
__device__ __forceinline__ void await_slot(int slot, int worker) { meet<SUPPLIERS + GROUP>(slot * 3 + worker); }

__device__ __forceinline__ void free_slot(int slot) { announce<SUPPLIERS + 2 * GROUP>(slot * 3 + 2); }

template <int COUNT> __device__ __forceinline__ int after(int slot) { return slot + 1 == COUNT ? 0 : slot + 1; }

// The suppliers' part: fetch(j, slot) starts the copies of turn j.
template <int COUNT, class Fetch> __device__ __forceinline__ void supply(int turns, Fetch fetch) {
    int slot = 0, arriving = 0;
    auto arrive = [&]() {
        publish_writes();
        announce<SUPPLIERS + GROUP>(arriving * 3);
        announce<SUPPLIERS + GROUP>(arriving * 3 + 1);
        arriving = after<COUNT>(arriving);
    };
    for (int j = 0; j < turns; j++) {
        if (j >= COUNT) meet<SUPPLIERS + 2 * GROUP>(slot * 3 + 2);
        fetch(j, slot);
        commit_copies();
        if (j > 0) {
            wait_copies<1>();
            arrive();
        }
        slot = after<COUNT>(slot);
    }
    wait_copies<0>();
    if (turns > 0) arrive();
}

// ROWS x HEAD elements to shared memory by the suppliers, zeros beyond `present` rows.
template <int ROWS> __device__ __forceinline__ void copy_tile(ELEMENT* to, const ELEMENT* from, long long stride, int present) {
    constexpr int PIECES = HEAD / 8, STEP = SUPPLIERS / PIECES;
    const int c = threadIdx.x % PIECES, first = threadIdx.x / PIECES;
    to += (c / 8 * ROWS + first) * 64 + ((c ^ first) & 7) * 8;
    const ELEMENT* source = from + first * stride + c * 8;
#pragma unroll 4
    for (int r = 0; r < ROWS; r += STEP) {
        const bool ok = r + first < present;
        copy16(to + r * 64, ok ? source : from, ok);
        source += STEP * stride;
    }
}

// c[64 x 8 N] = A[64 x HEAD] B[8 N x HEAD]^T, or with ADDS more by that: rows of tiles with A_ROWS and B_ROWS rows.
template <int A_ROWS, int B_ROWS, bool ADDS = false, int N> __device__ __forceinline__ void outer_scores(float (&c)[N][4], const ELEMENT* a, const ELEMENT* b) {
    const u64 left = describe(a), right = describe(b);
    multiply_shared<ADDS>(c, left, right);
#pragma unroll
    for (int k = 1; k < HEAD / 16; k++)
        multiply_shared<true>(c, left + (k / 4 * A_ROWS * 128 + k % 4 * 32) / 16, right + (k / 4 * B_ROWS * 128 + k % 4 * 32) / 16);
}

// c[64 x HEAD] += P[64 x ROWS] B[ROWS x HEAD], P as fragments in registers.
template <int ROWS> __device__ __forceinline__ void weighted_rows(float (&c)[HEAD / 8][4], const u32 (&p)[ROWS / 16][4], const ELEMENT* b) {
    const u64 right = describe(b, ROWS * 128);
#pragma unroll
    for (int k = 0; k < ROWS / 16; k++) multiply_registers(c, p[k], right + k * 16 * 128 / 16);
}
