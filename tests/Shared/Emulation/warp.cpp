// Meetings of the lanes of a warp: shuffles, votes, matrix instructions, and asynchronous copies.
#include "runtime.hpp"
#include <cstring>

using namespace neoteny_emulated;

extern "C" u8 neoteny_dynamic_shared[];

namespace {

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

struct Rows {
    const u8* row;
    u32* result;
    int count;
    bool transposed;
};

// Lane i names row i % 8 of matrix i / 8; lane 4 * g + t gets elements 2 * t and 2 * t + 1 of row g, of column g where transposed.
void resolve_load(Fibre** lanes, u32) {
    for (int i = 0; i < kLanes; i++) {
        const Rows& own = *(Rows*)lanes[i]->payload;
        for (int m = 0; m < own.count; m++) {
            u16 two[2];
            for (int k = 0; k < 2; k++) {
                const int along = 2 * (i % 4) + k, across = i / 4, row = own.transposed ? along : across, column = own.transposed ? across : along;
                memcpy(&two[k], ((Rows*)lanes[m * 8 + row]->payload)->row + 2 * column, 2);
            }
            own.result[m] = two[0] | (u32)two[1] << 16;
        }
    }
}

struct Product {
    float* d;
    const u32 *a, *b;
    const float* c;
    bool brain;
};

float wide(u32 two, int which, bool brain) {
    const u16 bits = (u16)(two >> 16 * which);
    if (!brain) {
        _Float16 half;
        memcpy(&half, &bits, 2);
        return (float)half;
    }
    const u32 whole = (u32)bits << 16;
    float x;
    memcpy(&x, &whole, 4);
    return x;
}

// m16n8k16 with fragments as PTX describes them: lane = 4 * g + t.
void resolve_product(Fibre** lanes, u32) {
    float a[16][16], b[8][16], sum[16][8];
    for (int i = 0; i < kLanes; i++) {
        const Product& own = *(Product*)lanes[i]->payload;
        const int g = i / 4, t = i % 4;
        for (int r = 0; r < 4; r++)
            for (int k = 0; k < 2; k++) {
                a[g + 8 * (r % 2)][2 * t + k + 8 * (r / 2)] = wide(own.a[r], k, own.brain);
                if (r < 2) b[g][2 * t + k + 8 * r] = wide(own.b[r], k, own.brain);
                sum[g + 8 * (r / 2)][2 * t + r % 2] = own.c[r];
            }
    }
    for (int row = 0; row < 16; row++)
        for (int column = 0; column < 8; column++) {
            float x = 0.0f;
            for (int k = 0; k < 16; k++) x += a[row][k] * b[column][k];
            sum[row][column] += x;
        }
    for (int i = 0; i < kLanes; i++)
        for (int r = 0; r < 4; r++) ((Product*)lanes[i]->payload)->d[r] = sum[i / 4 + 8 * (r / 2)][2 * (i % 4) + r % 2];
}

struct GroupProduct {
    float** d;
    const u32* a;
    u64 left, right;
    int columns;
    bool left_across, right_across, adds, brain;
    void* position;
};

// Element (row, column) of a factor that a descriptor names: groups of eight rows of 128 bytes, whose 16-byte pieces are exchanged by the row. Across: rows are the depth.
float element(u64 descriptor, int index, int depth, bool across, bool brain, void* position) {
    const u32 begin = (u32)(descriptor & 0x3fff) << 4, panel = (u32)(descriptor >> 16 & 0x3fff) << 4, group = (u32)(descriptor >> 32 & 0x3fff) << 4;
    // Descriptors keep 18 bits of an address.
    const u32 base = neoteny_shared_address(neoteny_dynamic_shared);
    u32 at = begin + (across ? index / 64 * panel + index % 64 * 2 + depth / 8 * group + depth % 8 * 128 : index / 8 * group + index % 8 * 128 + depth * 2);
    at ^= (at >> 7 & 7) << 4;
    const u8* p = (const u8*)shared_pointer(base + (at - base & 0x3ffff), position);
    access(p, 2, 2, false, position);
    u16 bits;
    memcpy(&bits, p, 2);
    return wide(bits, 0, brain);
}

void resolve_group_product(Fibre** lanes, u32) {
    GroupProduct& first = *(GroupProduct*)lanes[0]->payload;
    const int warp = lanes[0]->number / kLanes % 4;
    for (int i = 1; i < kLanes; i++) {
        const GroupProduct& own = *(GroupProduct*)lanes[i]->payload;
        if (own.left != first.left || own.right != first.right) {
            current = lanes[i];
            fail(first.position, "names another descriptor in wgmma than the lanes before it");
        }
    }
    if ((first.right >> 62) != 1 || (first.a == nullptr && (first.left >> 62) != 1)) fail(first.position, "uses a descriptor without the exchange of 128 bytes, which is not emulated");
    float a[16][16];
    for (int row = 0; row < 16; row++)
        for (int k = 0; k < 16; k++)
            if (first.a == nullptr) a[row][k] = element(first.left, 16 * warp + row, k, first.left_across, first.brain, first.position);
    if (first.a != nullptr)
        for (int i = 0; i < kLanes; i++)
            for (int r = 0; r < 4; r++)
                for (int k = 0; k < 2; k++) a[i / 4 + 8 * (r % 2)][2 * (i % 4) + k + 8 * (r / 2)] = wide(((GroupProduct*)lanes[i]->payload)->a[r], k, first.brain);
    for (int column = 0; column < first.columns; column++) {
        float b[16];
        for (int k = 0; k < 16; k++) b[k] = element(first.right, column, k, first.right_across, first.brain, first.position);
        for (int row = 0; row < 16; row++) {
            float x = 0.0f;
            for (int k = 0; k < 16; k++) x += a[row][k] * b[k];
            Fibre& owner = *lanes[row % 8 * 4 + column % 8 / 2];
            owner.sums.push_back({((GroupProduct*)owner.payload)->d[column / 8 * 4 + row / 8 * 2 + column % 2], x, first.adds, owner.product_groups});
        }
    }
}

const u32 kAll = 0xffffffffu;

}  // namespace

extern "C" {

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

void neoteny_load_matrices(u32* result, int count, bool transposed, u32 row) {
    void* position = __builtin_return_address(0);
    Rows payload = {nullptr, result, count, transposed};
    if (current->lane < count * 8) {
        payload.row = (const u8*)shared_pointer(row, position);
        access(payload.row, 16, 16, false, position);
    }
    collective(transposed ? "ldmatrix.trans" : "ldmatrix", kAll, &payload, resolve_load, position);
}

void neoteny_multiply(float* d, const u32* a, const u32* b, const float* c, bool brain) {
    Product payload = {d, a, b, c, brain};
    collective(brain ? "mma.bf16" : "mma.f16", kAll, &payload, resolve_product, __builtin_return_address(0));
}

void neoteny_multiply_group(float** d, int columns, const u32* a, u64 left, u64 right, bool left_across, bool right_across, bool adds, bool brain) {
    void* position = __builtin_return_address(0);
    GroupProduct payload = {d, a, left, right, columns, left_across, right_across, adds, brain, position};
    collective("wgmma", kAll, &payload, resolve_group_product, position);
}

void neoteny_close_products() { current->product_groups++; }

// Sums change when they are waited for, and not before.
void neoteny_await_products(int groups) {
    std::vector<PendingSum> later;
    for (const PendingSum& p : current->sums) {
        if (p.group >= current->product_groups - groups) later.push_back(p);
        else *p.d = p.adds ? *p.d + p.x : p.x;
    }
    current->sums.swap(later);
}

// What is copied arrives when it is waited for, and not before.
void neoteny_copy_async(u32 to, const void* from, int bytes, int present) {
    void* position = __builtin_return_address(0);
    void* target = shared_pointer(to, position);
    access(target, bytes, bytes, true, position);
    if (present > 0) access(from, present, present == bytes ? bytes : 1, false, position);
    current->pending.push_back({target, from, bytes, present, current->groups});
}

void neoteny_commit_copies() { current->groups++; }

void neoteny_wait_copies(int groups) {
    void* position = __builtin_return_address(0);
    std::vector<Pending> later;
    for (const Pending& p : current->pending) {
        if (p.group >= current->groups - groups) {
            later.push_back(p);
            continue;
        }
        access(p.to, p.bytes, 1, true, position);
        memset(p.to, 0, p.bytes);
        memcpy(p.to, p.from, p.present);
    }
    current->pending.swap(later);
}
}
