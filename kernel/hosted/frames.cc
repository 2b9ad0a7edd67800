// Frames of hosted tests: one arena of the host's memory, touched as it is used. Physical addresses are the host's virtual
// ones, so that to_physical() works for any pointer. Free frames are poisoned: ASan reports a use after free.
#include "memory/frames.hh"

#include <sys/mman.h>

#include <cstring>
#include <deque>
#include <mutex>

#include "hosted/test_controls.hh"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) (static_cast<void>(address), static_cast<void>(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) (static_cast<void>(address), static_cast<void>(size))
#endif

namespace osv::memory {

namespace {

constexpr usize arena_size = 256 << 20;
constexpr usize arena_frames = arena_size / page_size;

struct arena {
  std::mutex mutex;
  u8* base;
  frame* frames;
  usize never_used = 0;                         // frames from here on were never allocated
  std::deque<frame*> free_blocks[order_max + 1];  // oldest first: late uses of freed memory are found
  u64 blocks_left = ~0ull;
  u64 blocks_allocated = 0;
  u64 frames_allocated = 0;
  i64 used[static_cast<usize>(usage::count)] = {};

  arena() {
    constexpr usize alignment = page_size << order_max;
    void* mapped = mmap(nullptr, arena_size + alignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT(mapped != MAP_FAILED);
    base = reinterpret_cast<u8*>(align_up(reinterpret_cast<u64>(mapped), alignment));
    frames = new frame[arena_frames];
    ASAN_POISON_MEMORY_REGION(base, arena_size);
  }
  u8* data_of(const frame& f) const { return base + static_cast<usize>(&f - frames) * page_size; }
};

arena& the_arena() {
  static arena* instance = new arena;
  return *instance;
}

reclaimer reclaimers[8];
unsigned reclaimer_count = 0;

frame* take_block(arena& a, unsigned order) {
  if (!a.free_blocks[order].empty()) {
    frame* f = a.free_blocks[order].front();
    a.free_blocks[order].pop_front();
    return f;
  }
  const usize first = align_up(a.never_used, 1ull << order);
  if (first + (1ull << order) > arena_frames) return nullptr;
  // What alignment skipped becomes free single frames.
  for (; a.never_used < first; ++a.never_used) a.free_blocks[0].push_back(&a.frames[a.never_used]);
  a.never_used = first + (1ull << order);
  return &a.frames[first];
}

frame* try_allocate(unsigned order) {
  arena& a = the_arena();
  std::unique_lock held(a.mutex);
  if (!a.blocks_left) return nullptr;
  frame* f = take_block(a, order);
  if (!f) return nullptr;
  if (a.blocks_left != ~0ull) --a.blocks_left;
  ++a.blocks_allocated;
  a.frames_allocated += 1ull << order;
  f->order = static_cast<u8>(order);
  f->free = false;
  f->references = 1;
  f->owner = nullptr;
  f->owner_tag = 0;
  ASAN_UNPOISON_MEMORY_REGION(a.data_of(*f), page_size << order);
  std::memset(a.data_of(*f), 0xa5, page_size << order);
  return f;
}

}  // namespace

physical_address frame::address() const { return physical_address{reinterpret_cast<u64>(data())}; }
void* frame::data() const { return the_arena().data_of(*this); }

result<frame*> allocate_frames(unsigned order) {
  if (order > order_max) return fail(errc::no_memory);
  if (frame* f = try_allocate(order)) return f;
  for (unsigned i = 0; i < reclaimer_count; ++i)
    if (reclaimers[i](page_size << order))
      if (frame* f = try_allocate(order)) return f;
  return fail(errc::no_memory);
}

result<frame*> allocate_zeroed_frame() {
  frame* f = TRY(allocate_frames(0));
  std::memset(f->data(), 0, page_size);
  return f;
}

void retain(frame& f) {
  ASSERT(f.references.load() > 0);
  ++f.references;
}

void release(frame& f) {
  ASSERT(f.references.load() > 0);
  if (--f.references) return;
  arena& a = the_arena();
  std::unique_lock held(a.mutex);
  ASSERT(!f.hook.is_linked());
  f.free = true;
  --a.blocks_allocated;
  a.frames_allocated -= 1ull << f.order;
  ASAN_POISON_MEMORY_REGION(a.data_of(f), page_size << f.order);
  a.free_blocks[f.order].push_back(&f);
}

void split(frame& block) {
  arena& a = the_arena();
  std::unique_lock held(a.mutex);
  const u64 count = 1ull << block.order;
  a.blocks_allocated += count - 1;
  for (u64 i = 0; i < count; ++i) {
    frame& f = (&block)[i];
    f.order = 0;
    f.free = false;
    f.references = block.references.load();
    f.owner = nullptr;
    f.owner_tag = 0;
  }
}

frame& frame_of(physical_address address) {
  arena& a = the_arena();
  const u64 offset = to_u64(address) - reinterpret_cast<u64>(a.base);
  ASSERT(offset < arena_size);
  return a.frames[offset / page_size];
}
frame& frame_of_data(const void* pointer) { return frame_of(to_physical(pointer)); }

void* to_virtual(physical_address address) { return reinterpret_cast<void*>(to_u64(address)); }
physical_address to_physical(const void* pointer) { return physical_address{reinterpret_cast<u64>(pointer)}; }

result<void*> map_device(physical_address, usize) { return fail(errc::no_device); }

frame_statistics statistics() {
  arena& a = the_arena();
  std::unique_lock held(a.mutex);
  const auto used = [&](usage what) { return static_cast<u64>(a.used[static_cast<usize>(what)]); };
  frame_statistics s{};
  s.total_bytes = arena_size;
  s.free_bytes = arena_size - a.frames_allocated * page_size;
  s.kernel_heap_bytes = used(usage::kernel_heap);
  s.page_cache_bytes = used(usage::page_cache);
  s.anonymous_bytes = used(usage::anonymous);
  s.anonymous_huge_bytes = used(usage::anonymous_huge);
  s.page_table_bytes = used(usage::page_tables);
  s.thread_stack_bytes = used(usage::thread_stacks);
  s.network_bytes = used(usage::network);
  return s;
}

void account(usage what, i64 bytes) {
  arena& a = the_arena();
  std::unique_lock held(a.mutex);
  a.used[static_cast<usize>(what)] += bytes;
}

void register_reclaimer(reclaimer r) {
  ASSERT(reclaimer_count < std::size(reclaimers));
  reclaimers[reclaimer_count++] = r;
}

}  // namespace osv::memory

namespace osv::hosted {

void limit_frame_allocations(u64 count) {
  auto& a = memory::the_arena();
  std::unique_lock held(a.mutex);
  a.blocks_left = count;
}

u64 allocated_frame_blocks() {
  auto& a = memory::the_arena();
  std::unique_lock held(a.mutex);
  return a.blocks_allocated;
}

}  // namespace osv::hosted
