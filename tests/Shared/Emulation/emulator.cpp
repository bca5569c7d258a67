// Runs the blocks of a kernel one after the other, the threads of a block as fibres that take turns where they meet. The translated kernels are compiled with
// -fsanitize=thread, which calls a function before each access to memory that others might see: here it compares the address with what the thread may touch
// and with what other threads have touched since they last met.
#include "emulator.hpp"
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <link.h>
#include <sys/mman.h>

using namespace neoteny_emulated;
typedef unsigned long address_t;

namespace {

const int kMostThreads = 1024, kLanes = 32;
const long kStack = 128 << 10, kPage = 4096, kMostDynamic = 232448;
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

enum State { kReady, kBarrier, kCollective, kDone };

struct Pending {
    void* to;
    const void* from;
    int bytes, present, group;
};

struct Fibre {
    void* sp;
    Index index;
    int number, lane, line, predicate, result, groups, copies, room;
    State state;
    const char* where;
    u32 mask;
    void* payload;
    u16 warp_epoch;
    Pending* pending;
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

Launch* launch;
Fibre fibres[kMostThreads];
Fibre* current;
int queue[kMostThreads], queue_head, queue_length, thread_count, arrived;
Index block_index;
u32 epoch, block_start;
void* scheduler_sp;
u8* stacks;
Region regions[80];
int region_count, last_region;
address_t image_begin, image_end;
bool failed;

extern "C" void neoteny_switch(void** save, void* load);
asm(R"(
.text
.type neoteny_switch, @function
neoteny_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
)");

void ready(Fibre& f) {
    f.state = kReady;
    queue[(queue_head + queue_length++) % kMostThreads] = f.number;
}

void leave() { neoteny_switch(&current->sp, scheduler_sp); }

void say(const char* format, ...) {
    va_list list;
    va_start(list, format);
    const int used = (int)strlen(launch->message);
    vsnprintf(launch->message + used, launch->capacity - used, format, list);
    va_end(list);
}

// The launch ends here: the fibre is never resumed.
[[noreturn]] void fail(void* position, const char* format, ...) {
    va_list list;
    va_start(list, format);
    char text[400];
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    say("thread (%u,%u,%u) of block (%u,%u,%u) %s", current->index.x, current->index.y, current->index.z, block_index.x, block_index.y, block_index.z, text);
    const address_t at = (address_t)position;
    *launch->position = at >= image_begin && at < image_end ? at - image_begin : 0;
    failed = true;
    leave();
    __builtin_unreachable();
}

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

void note(const Region& region, address_t at, long size, bool write, void* position) {
    const Access now = {epoch, (u16)current->number, current->warp_epoch};
    Shadow* s = region.shadow + (at - region.begin);
    for (long i = 0; i < size; i++, s++) {
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

// The region of an access, or null for the thread's own memory and that of the library.
const Region* locate(address_t at, long size, bool write, void* position) {
    const address_t stack = (address_t)stacks + current->number * kStack;
    if (at >= stack && at + size <= stack + kStack) return nullptr;
    if (last_region < region_count && at >= regions[last_region].begin && at + size <= regions[last_region].end) return &regions[last_region];
    for (int i = 0; i < region_count; i++)
        if (at >= regions[i].begin && at + size <= regions[i].end) return &regions[last_region = i];
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

void run_fibre() {
    launch->call(launch->arguments);
    current->state = kDone;
    leave();
}

void start(Fibre& f, int number) {
    const Index size = launch->block;
    Pending* pending = f.pending;
    const int room = f.room;
    f = Fibre();
    f.pending = pending;
    f.room = room;
    f.number = number;
    f.lane = number % kLanes;
    f.index = {number % size.x, number / size.x % size.y, number / (size.x * size.y)};
    void** top = (void**)(stacks + (number + 1) * kStack - 64);
    *--top = nullptr;
    *--top = (void*)run_fibre;
    f.sp = top - 6;
    ready(f);
}

// All that can go on has gone on: those who wait, wait for somebody who does not come.
void stuck() {
    say("block (%u,%u,%u) does not go on: ", block_index.x, block_index.y, block_index.z);
    bool first = true;
    for (int i = 0; i < thread_count;) {
        const Fibre& f = fibres[i];
        int j = i + 1;
        while (j < thread_count && fibres[j].state == f.state && fibres[j].where == f.where && fibres[j].line == f.line && fibres[j].mask == f.mask) j++;
        say(first ? "" : ", ");
        first = false;
        if (j == i + 1) say("thread %d ", i);
        else say("threads %d to %d ", i, j - 1);
        const bool one = j == i + 1;
        if (f.state == kDone) say(one ? "has left the kernel" : "have left the kernel");
        else if (f.state == kBarrier) say("%s at %s in line %d", one ? "waits" : "wait", f.where, f.line);
        else say("%s at %s with mask 0x%08x", one ? "waits" : "wait", f.where, f.mask);
        i = j;
    }
    failed = true;
}

void run_block() {
    thread_count = (int)(launch->block.x * launch->block.y * launch->block.z);
    block_start = ++epoch;
    queue_head = queue_length = arrived = 0;
    for (int i = 0; i < region_count; i++)
        if (regions[i].shared) memset((void*)regions[i].begin, 0xff, regions[i].end - regions[i].begin);
    for (int i = 0; i < thread_count; i++) start(fibres[i], i);
    int done = 0;
    while (queue_length > 0 && !failed) {
        current = &fibres[queue[queue_head]];
        queue_head = (queue_head + 1) % kMostThreads;
        queue_length--;
        neoteny_switch(&scheduler_sp, current->sp);
        done += current->state == kDone;
    }
    current = nullptr;
    if (!failed && done < thread_count) stuck();
}

// Waits until all lanes of the mask are here; the last one computes for all.
typedef void (*Resolve)(Fibre** lanes, u32 mask);
void collective(const char* name, u32 mask, void* payload, Resolve resolve, void* position) {
    Fibre& self = *current;
    const int first = self.number - self.lane;
    if (!(mask >> self.lane & 1)) fail(position, "calls %s with mask 0x%08x, which does not name its own lane %d", name, mask, self.lane);
    self.state = kCollective;
    self.where = name;
    self.mask = mask;
    self.payload = payload;
    Fibre* lanes[kLanes] = {};
    bool complete = true;
    for (int i = 0; i < kLanes; i++) {
        if (!(mask >> i & 1)) continue;
        if (first + i >= thread_count) fail(position, "calls %s with mask 0x%08x, but its warp has only %d threads", name, mask, thread_count - first);
        Fibre* other = lanes[i] = &fibres[first + i];
        complete &= other->state == kCollective && other->mask == mask && strcmp(other->where, name) == 0;
    }
    if (!complete) return leave();
    resolve(lanes, mask);
    for (int i = 0; i < kLanes; i++)
        if (lanes[i] != nullptr && lanes[i] != &self) ready(*lanes[i]);
    self.state = kReady;
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

struct Shuffled {
    u64 value, result;
    int source, operand, width;
};

void resolve_shuffle(Fibre** lanes, u32 mask) {
    for (int i = 0; i < kLanes; i++) {
        if (lanes[i] == nullptr) continue;
        auto& own = *(Shuffled*)lanes[i]->payload;
        const int base = i & ~(own.width - 1), within = i & (own.width - 1);
        int from = own.source == kSame ? own.operand & (own.width - 1) : own.source == kXor ? within ^ own.operand : own.source == kUp ? within - own.operand : within + own.operand;
        from = from < 0 || from >= own.width ? i : base + from;
        if (!(mask >> from & 1)) {
            current = lanes[i];
            fail(__builtin_return_address(0), "reads in %s from lane %d, which the mask 0x%08x does not name", lanes[i]->where, from, mask);
        }
        own.result = ((Shuffled*)lanes[from]->payload)->value;
    }
}

struct Vote {
    int predicate;
    u32 result;
};

void resolve_vote(Fibre** lanes, u32) {
    u32 votes = 0;
    for (int i = 0; i < kLanes; i++)
        if (lanes[i] != nullptr && ((Vote*)lanes[i]->payload)->predicate != 0) votes |= 1u << i;
    for (int i = 0; i < kLanes; i++)
        if (lanes[i] != nullptr) ((Vote*)lanes[i]->payload)->result = votes;
}

void resolve_sync(Fibre** lanes, u32) {
    for (int i = 0; i < kLanes; i++)
        if (lanes[i] != nullptr) lanes[i]->warp_epoch++;
}

}  // namespace

extern "C" {

// Dynamic shared memory: sources declare it with names of their own.
alignas(1024) u8 neoteny_dynamic_shared[kMostDynamic];

Index neoteny_thread_index() { return current->index; }
Index neoteny_block_index() { return block_index; }
Index neoteny_block_size() { return launch->block; }
Index neoteny_grid_size() { return launch->grid; }

int neoteny_sync_threads(const char* name, int line, int predicate, int kind) {
    Fibre& self = *current;
    self.state = kBarrier;
    self.where = name;
    self.line = line;
    self.mask = 0;
    self.predicate = predicate;
    if (++arrived < thread_count) {
        leave();
        return self.result;
    }
    int count = 0;
    for (int i = 0; i < thread_count; i++) {
        if (fibres[i].line != line)
            fail(__builtin_return_address(0), "waits at the barrier in line %d, while thread %d waits at the one in line %d", line, i, fibres[i].line);
        count += fibres[i].predicate;
    }
    arrived = 0;
    epoch++;
    for (int i = 0; i < thread_count; i++) {
        fibres[i].result = kind == 1 ? count : kind == 2 ? count == thread_count : count > 0;
        if (i != self.number) ready(fibres[i]);
    }
    self.state = kReady;
    return self.result;
}

void neoteny_sync_warp(u32 mask) { collective("__syncwarp", mask, nullptr, resolve_sync, __builtin_return_address(0)); }

u64 neoteny_shuffle(const char* name, u32 mask, u64 value, int source, int operand, int width) {
    Shuffled payload = {value, 0, source, operand, width};
    collective(name, mask, &payload, resolve_shuffle, __builtin_return_address(0));
    return payload.result;
}

u32 neoteny_vote(const char* name, u32 mask, int predicate) {
    Vote payload = {predicate, 0};
    collective(name, mask, &payload, resolve_vote, __builtin_return_address(0));
    return payload.result;
}

u32 neoteny_active_mask() {
    u32 mask = 0;
    for (int i = current->number - current->lane; i < thread_count && i < current->number - current->lane + kLanes; i++)
        if (fibres[i].state != kDone) mask |= 1u << i % kLanes;
    return mask;
}

void neoteny_atomic(const void* p, int bytes) {
    void* position = __builtin_return_address(0);
    if ((address_t)p % bytes != 0) fail(position, "changes %d bytes at an address that is no multiple of %d", bytes, bytes);
    locate((address_t)p, bytes, true, position);
}

void neoteny_fail(const char* text) { fail(__builtin_return_address(0), "%s", text); }

int neoteny_launch(Launch* l) {
    launch = l;
    launch->message[0] = 0;
    *launch->position = 0;
    failed = false;
    epoch = 0;
    region_count = l->region_count;
    memcpy(regions, l->regions, sizeof(Region) * region_count);
    last_region = 0;
    void* touch = (void*)l->touch;
    l->touch();
    dl_iterate_phdr(find_image, touch);
    if (l->shared_bytes > 0)
        regions[region_count++] = {(address_t)neoteny_dynamic_shared, (address_t)neoteny_dynamic_shared + l->shared_bytes, "dynamic shared memory", nullptr, true};
    for (int i = 0; i < region_count; i++) regions[i].shadow = (Shadow*)calloc(regions[i].end - regions[i].begin + 1, sizeof(Shadow));
    stacks = (u8*)mmap(nullptr, kMostThreads * kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (u32 z = 0; z < l->grid.z && !failed; z++)
        for (u32 y = 0; y < l->grid.y && !failed; y++)
            for (u32 x = 0; x < l->grid.x && !failed; x++) {
                block_index = {x, y, z};
                run_block();
            }
    munmap(stacks, kMostThreads * kStack);
    for (int i = 0; i < region_count; i++) free(regions[i].shadow);
    launch = nullptr;
    current = nullptr;
    return failed ? 1 : 0;
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
void __tsan_read_range(void* p, long size) { access(p, size, 1, false, __builtin_return_address(0)); }
void __tsan_write_range(void* p, long size) { access(p, size, 1, true, __builtin_return_address(0)); }
void __tsan_vptr_update(void*, void*) {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_init() {}
}
