// Runs the blocks of a kernel one after the other, the threads of a block as fibres that take turns where they meet.
#include "runtime.hpp"
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <sys/mman.h>

using namespace neoteny_emulated;

namespace neoteny_emulated {

Launch* launch;
Fibre fibres[kMostThreads];
Fibre* current;
Index block_index;
int thread_count;
u32 epoch, block_start;
bool failed;
u8* stacks;

}  // namespace neoteny_emulated

namespace {

const int kNamedBarriers = 16;

int queue[kMostThreads], queue_head, queue_length, arrived, arrived_at[kNamedBarriers], expected_at[kNamedBarriers];
void* scheduler_sp;

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

void say(const char* format, ...) {
    va_list list;
    va_start(list, format);
    const int used = (int)strlen(launch->message);
    vsnprintf(launch->message + used, launch->capacity - used, format, list);
    va_end(list);
}

void run_fibre() {
    launch->call(launch->arguments);
    current->state = kDone;
    leave();
}

void start(Fibre& f, int number) {
    const Index size = launch->block;
    f = Fibre();
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
        else if (f.state == kNamedBarrier) say("%s at barrier %d with %d of %d threads", one ? "waits" : "wait", f.line, arrived_at[f.line], expected_at[f.line]);
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
    memset(arrived_at, 0, sizeof arrived_at);
    poison_shared();
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

}  // namespace

namespace neoteny_emulated {

void ready(Fibre& f) {
    f.state = kReady;
    queue[(queue_head + queue_length++) % kMostThreads] = f.number;
}

void leave() { neoteny_switch(&current->sp, scheduler_sp); }

// The launch ends here: the fibre is never resumed.
[[noreturn]] void fail(void* position, const char* format, ...) {
    va_list list;
    va_start(list, format);
    char text[400];
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    say("thread (%u,%u,%u) of block (%u,%u,%u) %s", current->index.x, current->index.y, current->index.z, block_index.x, block_index.y, block_index.z, text);
    *launch->position = offset_in_library(position);
    failed = true;
    leave();
    __builtin_unreachable();
}

}  // namespace neoteny_emulated

extern "C" {

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

// Orders accesses of all threads, of those too that have nothing to do with this barrier: races with these are not seen.
void neoteny_named_barrier(int number, int threads, bool waits) {
    void* position = __builtin_return_address(0);
    if (number < 0 || number >= kNamedBarriers) fail(position, "uses barrier %d; there are %d", number, kNamedBarriers);
    if (threads % kLanes != 0 || threads > thread_count) fail(position, "expects %d threads at barrier %d in a block of %d", threads, number, thread_count);
    if (arrived_at[number] > 0 && expected_at[number] != threads) fail(position, "expects %d threads at barrier %d, where others expect %d", threads, number, expected_at[number]);
    expected_at[number] = threads;
    Fibre& self = *current;
    if (++arrived_at[number] < threads) {
        if (!waits) return;
        self.state = kNamedBarrier;
        self.where = "bar.sync";
        self.line = number;
        self.mask = 0;
        return leave();
    }
    arrived_at[number] = 0;
    epoch++;
    for (int i = 0; i < thread_count; i++)
        if (fibres[i].state == kNamedBarrier && fibres[i].line == number) ready(fibres[i]);
}

void neoteny_fail(const char* text) { fail(__builtin_return_address(0), "%s", text); }

int neoteny_launch(Launch* l) {
    launch = l;
    launch->message[0] = 0;
    *launch->position = 0;
    failed = false;
    epoch = 0;
    open_memory();
    stacks = (u8*)mmap(nullptr, kMostThreads * kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (u32 z = 0; z < l->grid.z && !failed; z++)
        for (u32 y = 0; y < l->grid.y && !failed; y++)
            for (u32 x = 0; x < l->grid.x && !failed; x++) {
                block_index = {x, y, z};
                run_block();
            }
    munmap(stacks, kMostThreads * kStack);
    close_memory();
    launch = nullptr;
    current = nullptr;
    return failed ? 1 : 0;
}

}
