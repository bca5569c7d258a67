// What the parts of the emulator's runtime share: the threads of a block as fibres, the memory that they may touch.
#pragma once
#include "emulator.hpp"
#include <vector>

typedef unsigned long address_t;

namespace neoteny_emulated {

const int kMostThreads = 1024, kLanes = 32;
const long kStack = 128 << 10, kMostDynamic = 232448;
// Readers that are several threads: of one warp (with its number), of a block, of different blocks.
const u16 kWarpReads = 0x8000, kBlockReads = 0xffff, kGridReads = 0xfffe;

// Who last wrote and read a byte. Epochs count the barriers of a launch; within one, threads of a warp are ordered by __syncwarp.
struct Access {
    u32 epoch;
    u16 thread, warp_epoch;
};
struct Shadow {
    Access write, read;
};

// Memory that a kernel may touch.
struct Region {
    address_t begin, end;
    const char* name;
    Shadow* shadow;
    bool shared;
};

enum State { kReady, kBarrier, kNamedBarrier, kCollective, kDone };

struct Pending {
    void* to;
    const void* from;
    int bytes, present, group;
};

// What a product of the warpgroup adds to a sum, once it is waited for.
struct PendingSum {
    float* d;
    float x;
    bool adds;
    int group;
};

struct Fibre {
    void* sp;
    Index index;
    int number, lane, line, predicate, result, groups;
    State state;
    const char* where;
    u32 mask;
    void* payload;
    u16 warp_epoch;
    std::vector<Pending> pending;
    std::vector<PendingSum> sums;
    int product_groups = 0;
};

struct Launch {
    void (*call)(void**);
    void* (*touch)();
    void** arguments;
    const Region* regions;
    int region_count;
    Index grid, block;
    long shared_bytes;
    char* message;
    int capacity;
    address_t* position;
};

extern Launch* launch;
extern Fibre fibres[kMostThreads];
extern Fibre* current;
extern Index block_index;
extern int thread_count;
// Epochs count the barriers of a launch.
extern u32 epoch, block_start;
extern bool failed;
extern u8* stacks;

// Threads, in threads.cpp.
void ready(Fibre& f);
void leave();
[[noreturn]] void fail(void* position, const char* format, ...);

// Memory, in memory.cpp.
void open_memory();
void close_memory();
void poison_shared();
long offset_in_library(void* position);
const Region* locate(address_t at, long size, bool write, void* position);
void access(const void* p, long size, long alignment, bool write, void* position);
void* shared_pointer(u32 address, void* position);

}  // namespace neoteny_emulated
