// Which memory a thread may touch, and in which order threads touch it. The translated kernels are compiled with -fsanitize=thread, which calls a function before
// each access to memory that others might see.
#include "runtime.hpp"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <link.h>

using namespace neoteny_emulated;

extern "C" {
// Dynamic shared memory: sources declare it with names of their own.
alignas(1024) u8 neoteny_dynamic_shared[kMostDynamic];
}

namespace {

Region regions[80];
int region_count;
// Which region a page was found in last.
u8 recent[64];
address_t image_begin, image_end;

void describe(char* text, int size, u16 thread) {
    if (thread == kGridReads) snprintf(text, size, "threads of several blocks");
    else if (thread == kBlockReads) snprintf(text, size, "several threads");
    else if (thread & kWarpReads) snprintf(text, size, "several threads of warp %d", thread & ~kWarpReads);
    else snprintf(text, size, "thread (%u,%u,%u)", fibres[thread].index.x, fibres[thread].index.y, fibres[thread].index.z);
}

// Whether an earlier access is ordered before what the current thread does now.
bool ordered(const Access& a, bool shared) {
    if (a.epoch == 0) return true;
    if (a.epoch < block_start) return shared;
    if (a.thread == kGridReads) return false;
    if (a.epoch < epoch) return true;
    if (a.thread == kBlockReads) return false;
    if (a.thread == current->number) return true;
    const int warp = a.thread & kWarpReads ? a.thread & ~kWarpReads : a.thread / kLanes;
    return warp == current->number / kLanes && a.warp_epoch != current->warp_epoch;
}

void race(const Access& other, bool write, bool other_write, const Region& region, address_t at, void* position) {
    char who[80], block[40] = "";
    if (other.epoch < block_start) snprintf(who, sizeof who, "another block");
    else describe(who, sizeof who, other.thread);
    fail(position, "%s byte %ld of %s%s, which %s %s without a barrier in between", write ? "writes" : "reads", (long)(at - region.begin), region.name, block, who,
         other_write ? "wrote" : "read");
}

bool same(const Access& a, const Access& b) { return memcmp(&a, &b, sizeof(Access)) == 0; }

void note(const Region& region, address_t at, long size, bool write, void* position) {
    const Access now = {epoch, (u16)current->number, current->warp_epoch};
    Shadow* s = region.shadow + (at - region.begin);
    for (long i = 0; i < size; i++, s++) {
        // Nothing is new: what another thread did since would have been found there.
        if (write ? same(s->write, now) : s->read.epoch == epoch && (s->read.thread == kBlockReads || same(s->read, now))) continue;
        if (region.shared && !write && s->write.epoch < block_start)
            fail(position, "reads byte %ld of %s, which no thread of the block has written", (long)(at + i - region.begin), region.name);
        if (!ordered(s->write, region.shared)) race(s->write, write, true, region, at + i, position);
        if (write) {
            if (!ordered(s->read, region.shared)) race(s->read, true, false, region, at + i, position);
            s->write = now;
        } else if (ordered(s->read, region.shared)) {
            s->read = now;
        } else {
            const u16 last = s->read.thread;
            const int warp = last & kWarpReads ? last & ~kWarpReads : last / kLanes, own = current->number / kLanes;
            s->read = {epoch, s->read.epoch < block_start || last == kGridReads ? kGridReads : last != kBlockReads && warp == own ? (u16)(kWarpReads | own) : kBlockReads, current->warp_epoch};
        }
    }
}

int find_image(dl_phdr_info* info, size_t, void* touch) {
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const auto& part = info->dlpi_phdr[i];
        const address_t begin = info->dlpi_addr + part.p_vaddr;
        if (part.p_type != PT_LOAD || (address_t)touch < begin || (address_t)touch >= begin + part.p_memsz) continue;
        image_begin = ~0ul;
        image_end = 0;
        for (int j = 0; j < info->dlpi_phnum; j++) {
            const auto& each = info->dlpi_phdr[j];
            const address_t from = info->dlpi_addr + each.p_vaddr, to = from + each.p_memsz;
            if (each.p_type == PT_LOAD) {
                image_begin = from < image_begin ? from : image_begin;
                image_end = to > image_end ? to : image_end;
            } else if (each.p_type == PT_TLS) {
                regions[region_count++] = {(address_t)info->dlpi_tls_data, (address_t)info->dlpi_tls_data + each.p_memsz, "shared memory", nullptr, true};
            }
        }
        return 1;
    }
    return 0;
}

}  // namespace

namespace neoteny_emulated {

// The region of an access, or null for the thread's own memory and that of the library.
const Region* locate(address_t at, long size, bool write, void* position) {
    const address_t stack = (address_t)stacks + current->number * kStack;
    if (at >= stack && at + size <= stack + kStack) return nullptr;
    u8& guess = recent[at / 4096 % sizeof recent];
    if (guess < region_count && at >= regions[guess].begin && at + size <= regions[guess].end) return &regions[guess];
    for (int i = 0; i < region_count; i++)
        if (at >= regions[i].begin && at + size <= regions[i].end) return &regions[guess = i];
    if (at >= image_begin && at + size <= image_end) return nullptr;
    const Region* near = nullptr;
    address_t distance = ~0ul;
    for (int i = 0; i < region_count; i++) {
        const address_t d = at < regions[i].begin ? regions[i].begin - at : at + size > regions[i].end ? at + size - regions[i].end : 0;
        if (d < distance) distance = d, near = &regions[i];
    }
    const char* what = write ? "writes" : "reads";
    if (at < 65536) fail(position, "%s %ld bytes through a null pointer", what, size);
    if (near == nullptr || distance > (64l << 20)) fail(position, "%s %ld bytes at an address that no argument covers", what, size);
    if (at < near->begin) fail(position, "%s %ld bytes, %ld before the begin of %s", what, size, (long)(near->begin - at), near->name);
    fail(position, "%s %ld bytes at byte %ld of %s, which has %ld", what, size, (long)(at - near->begin), near->name, (long)(near->end - near->begin));
}

void access(const void* p, long size, long alignment, bool write, void* position) {
    if (current == nullptr || failed) return;
    const address_t at = (address_t)p;
    if (at % alignment != 0) fail(position, "%s %ld bytes at an address that is no multiple of %ld", write ? "writes" : "reads", size, alignment);
    const Region* region = locate(at, size, write, position);
    if (region != nullptr) note(*region, at, size, write, position);
}

void open_memory() {
    region_count = launch->region_count;
    memcpy(regions, launch->regions, sizeof(Region) * region_count);
    memset(recent, 0, sizeof recent);
    // Touched first, so that this thread has the library's shared variables.
    launch->touch();
    dl_iterate_phdr(find_image, (void*)launch->touch);
    if (launch->shared_bytes > 0)
        regions[region_count++] = {(address_t)neoteny_dynamic_shared, (address_t)neoteny_dynamic_shared + launch->shared_bytes, "dynamic shared memory", nullptr, true};
    for (int i = 0; i < region_count; i++) regions[i].shadow = (Shadow*)calloc(regions[i].end - regions[i].begin + 1, sizeof(Shadow));
}

void close_memory() {
    for (int i = 0; i < region_count; i++) free(regions[i].shadow);
}

void poison_shared() {
    for (int i = 0; i < region_count; i++)
        if (regions[i].shared) memset((void*)regions[i].begin, 0xff, regions[i].end - regions[i].begin);
}

long offset_in_library(void* position) {
    const address_t at = (address_t)position;
    return at >= image_begin && at < image_end ? at - image_begin : 0;
}

// Shared addresses have 32 bits: the lower ones.
void* shared_pointer(u32 address, void* position) {
    for (int i = 0; i < region_count; i++) {
        const address_t at = regions[i].begin + (int)(address - (u32)regions[i].begin);
        if (regions[i].shared && at >= regions[i].begin && at < regions[i].end) return (void*)at;
    }
    fail(position, "uses 0x%08x as an address in shared memory, which it is not", address);
}

}  // namespace neoteny_emulated

extern "C" {

u32 neoteny_shared_address(const void* p) { return (u32)(address_t)p; }

void neoteny_atomic(const void* p, int bytes) {
    void* position = __builtin_return_address(0);
    if ((address_t)p % bytes != 0) fail(position, "changes %d bytes at an address that is no multiple of %d", bytes, bytes);
    locate((address_t)p, bytes, true, position);
}

#define NEOTENY_HOOK(N) \
    void __tsan_read##N(void* p) { access(p, N, N, false, __builtin_return_address(0)); } \
    void __tsan_write##N(void* p) { access(p, N, N, true, __builtin_return_address(0)); } \
    void __tsan_unaligned_read##N(void* p) { access(p, N, 1, false, __builtin_return_address(0)); } \
    void __tsan_unaligned_write##N(void* p) { access(p, N, 1, true, __builtin_return_address(0)); }
NEOTENY_HOOK(1)
NEOTENY_HOOK(2)
NEOTENY_HOOK(4)
NEOTENY_HOOK(8)
NEOTENY_HOOK(16)

// What -fsanitize=alignment,bounds,... calls where a check fails. Data begins with the place in the source: a file's name, a line and a column.
struct Place {
    const char* file;
    u32 line, column;
};
void __ubsan_handle_type_mismatch_v1_abort(void* data, address_t p) {
    const u8 alignment = *((u8*)data + sizeof(Place) + sizeof(void*));
    fail(__builtin_return_address(0), "uses an address that is no multiple of %d", 1 << alignment);
}
void __ubsan_handle_out_of_bounds_abort(void*, address_t index) { fail(__builtin_return_address(0), "uses element %ld of an array that has none such", (long)index); }
void __ubsan_handle_divrem_overflow_abort(void*, address_t, address_t) { fail(__builtin_return_address(0), "divides by zero"); }
void __ubsan_handle_shift_out_of_bounds_abort(void*, address_t, address_t by) { fail(__builtin_return_address(0), "shifts by %ld bits", (long)by); }

void __tsan_read_range(void* p, long size) { access(p, size, 1, false, __builtin_return_address(0)); }
void __tsan_write_range(void* p, long size) { access(p, size, 1, true, __builtin_return_address(0)); }
void __tsan_vptr_update(void*, void*) {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_init() {}
}
