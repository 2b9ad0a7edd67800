// The kernel heap behind operator new: size classes in slabs, larger requests in blocks of frames.
#include "memory/heap.hh"

#include <cstring>
#include <new>

#include "arch/cpu.hh"
#include "arch/hardware_random.hh"
#include "base/failure_injection.hh"
#include "lock/spin_lock.hh"
#include "memory/frames.hh"

namespace osv::memory {

namespace {

// Multiples of 64 keep 64-byte alignment; 16, 32, 48 are for small objects.
constexpr u16 class_sizes[] = {16, 32, 48, 64, 128, 192, 256, 384, 512, 768, 1024, 1344, 2048, 4032};
constexpr unsigned class_count = sizeof class_sizes / sizeof class_sizes[0];
constexpr usize small_max = class_sizes[class_count - 1];
constexpr u16 slab_tag = 0x51ab;
constexpr u16 large_tag = 0x1a49;

/// At the start of each slab. Objects follow at 64 bytes.
struct slab {
  list_hook hook;
  void* free;
  u32 in_use;
  u16 size_class;
  u16 capacity;
};
static_assert(sizeof(slab) <= 64);

unsigned slab_order(unsigned size_class) { return class_sizes[size_class] <= 256 ? 0 : 3; }

struct free_object {
  free_object* next;
  u64 mark;
};

/// Different at each boot. Set with the first slab, when one CPU runs.
constinit u64 secret = 0;

/// What a free object carries: an object that has it is free, and a free object that has lost it was written to, after it was
/// freed or past the end of its neighbour.
u64 mark_of(const void* object) { return secret ^ reinterpret_cast<u64>(object); }
bool is_marked(const void* object) { return static_cast<const free_object*>(object)->mark == mark_of(object); }
void mark(void* object) { static_cast<free_object*>(object)->mark = mark_of(object); }
void* unmark(void* object) {
  if (!is_marked(object)) [[unlikely]]
    panic("heap object was written to while it was free: use after free, or an overflow of the object before it");
  static_cast<free_object*>(object)->mark = 0;
  return object;
}

u64 make_secret() {
  u64 value = arch::timestamp() * 0x9e3779b97f4a7c15;
  u64 hardware;
  if (arch::hardware_random(hardware)) value ^= hardware;
  return value | 1;
}

struct class_state {
  lock::irq_spin_lock lock{lock::rank::heap};
  list<slab, &slab::hook> partial;
};

/// A few objects of each class stay with each CPU. Used with interrupts off.
struct magazine {
  static constexpr unsigned capacity = 16;
  unsigned count = 0;
  void* objects[capacity] = {};
};
struct magazines {
  magazine of_class[class_count];
};

class_state& state_of(unsigned size_class) {
  static class_state states[class_count];
  return states[size_class];
}
constinit arch::per_cpu<magazines> cached;

unsigned class_for(usize size) {
  unsigned c = 0;
  while (class_sizes[c] < size) ++c;
  return c;
}

slab* new_slab(unsigned size_class) {
  if (!secret) secret = make_secret();
  const unsigned order = slab_order(size_class);
  auto block = allocate_frames(order);
  if (!block.ok()) return nullptr;
  frame* f = *block;
  account(usage::kernel_heap, static_cast<i64>(page_size << order));
  auto* s = static_cast<slab*>(f->data());
  const usize bytes = page_size << order;
  *s = {};
  s->size_class = static_cast<u16>(size_class);
  s->capacity = static_cast<u16>((bytes - 64) / class_sizes[size_class]);
  u8* at = reinterpret_cast<u8*>(s) + 64;
  for (unsigned i = 0; i < s->capacity; ++i, at += class_sizes[size_class]) {
    reinterpret_cast<free_object*>(at)->next = static_cast<free_object*>(s->free);
    mark(at);
    s->free = at;
  }
  for (unsigned i = 0; i < 1u << order; ++i) {
    f[i].owner = s;
    f[i].owner_tag = slab_tag;
  }
  return s;
}

/// The class's lock is held.
void* take_from_slab(class_state& state) {
  slab& s = state.partial.front();
  auto* object = static_cast<free_object*>(s.free);
  const u64 offset = reinterpret_cast<u64>(object) - reinterpret_cast<u64>(&s);
  if (offset < 64 || offset >= page_size << slab_order(s.size_class) || !is_marked(object)) [[unlikely]]
    panic("heap metadata is corrupt: somebody wrote after freeing or past the end of an object");
  s.free = object->next;
  if (++s.in_use == s.capacity) s.hook.unlink();
  return object;
}

void give_to_slab(void* pointer) {
  slab* s = static_cast<slab*>(frame_of_data(pointer).owner);
  class_state& state = state_of(s->size_class);
  frame* empty = nullptr;
  {
    lock::guard g(state.lock);
    auto* object = static_cast<free_object*>(pointer);
    object->next = static_cast<free_object*>(s->free);
    s->free = object;
    if (s->in_use-- == s->capacity) state.partial.push_front(*s);
    // The last slab with room stays, even when empty; further empty ones go back.
    if (s->in_use == 0 && (&state.partial.front() != s || &state.partial.back() != s)) {
      s->hook.unlink();
      empty = &frame_of_data(s);
    }
  }
  if (empty) {
    const unsigned order = slab_order(s->size_class);
    account(usage::kernel_heap, -static_cast<i64>(page_size << order));
    for (unsigned i = 0; i < 1u << order; ++i) empty[i].owner_tag = 0;
    release(*empty);
  }
}

void* refill(unsigned size_class) {
  class_state& state = state_of(size_class);
  void* batch[magazine::capacity / 2 + 1];
  unsigned count = 0;
  for (;;) {
    {
      lock::guard g(state.lock);
      while (count < magazine::capacity / 2 + 1 && !state.partial.empty()) batch[count++] = take_from_slab(state);
    }
    if (count) break;
    slab* s = new_slab(size_class);
    if (!s) return nullptr;
    lock::guard g(state.lock);
    state.partial.push_front(*s);
  }
  void* result = unmark(batch[--count]);
  arch::interrupt_guard guard;
  magazine& m = cached.local().of_class[size_class];
  while (count && m.count < magazine::capacity) m.objects[m.count++] = batch[--count];
  while (count) give_to_slab(batch[--count]);
  return result;
}

void* allocate_large(usize size) {
  unsigned order = 0;
  while (page_size << order < size)
    if (++order > order_max) return nullptr;
  auto block = allocate_frames(order);
  if (!block.ok()) return nullptr;
  (*block)->owner_tag = large_tag;
  account(usage::kernel_heap, static_cast<i64>(page_size << order));
  return (*block)->data();
}

}  // namespace

void* heap_allocate(usize size) {
  if (inject::fails(inject::point::allocation)) [[unlikely]]
    return nullptr;
  if (size > small_max) return allocate_large(size);
  const unsigned size_class = class_for(size);
  {
    arch::interrupt_guard guard;
    magazine& m = cached.local().of_class[size_class];
    if (m.count) return unmark(m.objects[--m.count]);
  }
  return refill(size_class);
}

void heap_free(void* pointer) {
  if (!pointer) return;
  frame& f = frame_of_data(pointer);
  if (f.owner_tag == slab_tag) {
    slab* s = static_cast<slab*>(f.owner);
    const u64 offset = reinterpret_cast<u64>(pointer) - reinterpret_cast<u64>(s) - 64;
    if (offset % class_sizes[s->size_class]) [[unlikely]]
      panic("freed a pointer that is not the start of a heap object");
#ifdef OSV_DEBUG
    std::memset(pointer, 0xdf, class_sizes[s->size_class]);
#endif
    if (is_marked(pointer)) [[unlikely]]
      panic("double free of a heap object");
    mark(pointer);
    arch::interrupt_guard guard;
    magazine& m = cached.local().of_class[s->size_class];
    if (m.count == magazine::capacity)
      for (unsigned i = 0; i < magazine::capacity / 2; ++i) give_to_slab(m.objects[--m.count]);
    m.objects[m.count++] = pointer;
    return;
  }
  if (f.owner_tag != large_tag || reinterpret_cast<u64>(pointer) & (page_size - 1)) [[unlikely]]
    panic("freed a pointer that the heap never gave out, or freed it twice");
  f.owner_tag = 0;
  account(usage::kernel_heap, -static_cast<i64>(page_size << f.order));
  release(f);
}

bool heap_detects_misuse() {
  constexpr usize size = 64;
  auto* object = static_cast<free_object*>(heap_allocate(size));
  if (!object) return false;
  bool detects = !is_marked(object);
  arch::interrupt_guard stay;  // nobody on this CPU may get it while its mark is wrong
  heap_free(object);
  detects &= is_marked(object);
  object->mark ^= 1;
  detects &= !is_marked(object);
  object->mark ^= 1;
  return detects;
}

}  // namespace osv::memory

namespace {
void* allocate_or_panic(osv::usize size) {
  void* pointer = osv::memory::heap_allocate(size);
  if (!pointer) osv::panic("out of memory in an allocation that cannot fail");
  return pointer;
}
}  // namespace

void* operator new(osv::usize size) { return allocate_or_panic(size); }
void* operator new[](osv::usize size) { return allocate_or_panic(size); }
void* operator new(osv::usize size, const std::nothrow_t&) noexcept { return osv::memory::heap_allocate(size); }
void* operator new[](osv::usize size, const std::nothrow_t&) noexcept { return osv::memory::heap_allocate(size); }
void* operator new(osv::usize size, std::align_val_t alignment) {
  return allocate_or_panic(osv::align_up(size, static_cast<osv::usize>(alignment)));
}
void* operator new(osv::usize size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return osv::memory::heap_allocate(osv::align_up(size, static_cast<osv::usize>(alignment)));
}
void operator delete(void* pointer) noexcept { osv::memory::heap_free(pointer); }
void operator delete[](void* pointer) noexcept { osv::memory::heap_free(pointer); }
void operator delete(void* pointer, osv::usize) noexcept { osv::memory::heap_free(pointer); }
void operator delete[](void* pointer, osv::usize) noexcept { osv::memory::heap_free(pointer); }
void operator delete(void* pointer, std::align_val_t) noexcept { osv::memory::heap_free(pointer); }
void operator delete(void* pointer, osv::usize, std::align_val_t) noexcept { osv::memory::heap_free(pointer); }
