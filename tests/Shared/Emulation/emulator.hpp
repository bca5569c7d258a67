// What the translated kernels and the runtime of the emulator (emulator.cpp) know of each other.
#pragma once

namespace neoteny_emulated {

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

struct Index {
    u32 x, y, z;
};

// How a lane of a shuffle finds the lane that it reads from.
enum Source { kSame, kXor, kUp, kDown };

}  // namespace neoteny_emulated

extern "C" {
// A thread's place does not change while it runs, so that these calls may be merged.
neoteny_emulated::Index neoteny_thread_index() __attribute__((const));
neoteny_emulated::Index neoteny_block_index() __attribute__((const));
neoteny_emulated::Index neoteny_block_size() __attribute__((const));
neoteny_emulated::Index neoteny_grid_size() __attribute__((const));

// Meetings of threads. Values are passed as 64 bits.
int neoteny_sync_threads(const char* name, int line, int predicate, int kind);
// Barriers by number, of so many threads. Who arrives only does not wait.
void neoteny_named_barrier(int number, int threads, bool waits);
void neoteny_sync_warp(neoteny_emulated::u32 mask);
neoteny_emulated::u64 neoteny_shuffle(const char* name, neoteny_emulated::u32 mask, neoteny_emulated::u64 value, int source, int operand, int width);
neoteny_emulated::u32 neoteny_vote(const char* name, neoteny_emulated::u32 mask, int predicate);
neoteny_emulated::u32 neoteny_active_mask();

// Memory whose accesses do not race: an atomic operation announces what it touches.
void neoteny_atomic(const void* address, int bytes);
void neoteny_fail(const char* text) __attribute__((noreturn));

// Tensor core instructions and asynchronous copies.
neoteny_emulated::u32 neoteny_shared_address(const void* p);
void neoteny_load_matrices(neoteny_emulated::u32* result, int count, bool transposed, neoteny_emulated::u32 row);
void neoteny_multiply(float* d, const neoteny_emulated::u32* a, const neoteny_emulated::u32* b, const float* c, bool brain);
// Products of a warpgroup, each warp's part by itself: right factors by descriptors, left ones too where a is null.
void neoteny_multiply_group(float** d, int columns, const neoteny_emulated::u32* a, neoteny_emulated::u64 left, neoteny_emulated::u64 right, bool left_across, bool right_across, bool adds, bool brain);
void neoteny_close_products();
void neoteny_await_products(int groups);
void neoteny_copy_async(neoteny_emulated::u32 to, const void* from, int bytes, int present);
void neoteny_commit_copies();
void neoteny_wait_copies(int groups);
}
