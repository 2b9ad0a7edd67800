#include "boot/crash.hh"

#include <cstring>

#include "base/assert.hh"
#include "log/log.hh"
#include "memory/heap.hh"

namespace osv::boot {

namespace {

constexpr usize object_size = 64;

template <typename T>
T* hide(T* pointer) {
  asm volatile("" : "+r"(pointer));  // the compiler would see the mistake
  return pointer;
}

[[gnu::noinline]] u64 recurse(u64 depth) {
  volatile u8 frame[512] = {static_cast<u8>(depth)};
  const u64 below = hide(&recurse)(depth + 1);
  return below + frame[depth % sizeof frame];
}
void overflow_stack() { (void)recurse(0); }

[[gnu::noinline]] void fill(u8* from, usize size) { std::memset(hide(from), 0x41, size); }
[[gnu::noinline]] void smash_stack() {
  u8 local[16];
  fill(local, 64);
  asm volatile("" ::"r"(local) : "memory");
}

void free_twice() {
  void* object = memory::heap_allocate(object_size);
  void* other = memory::heap_allocate(object_size);
  memory::heap_free(object);
  memory::heap_free(other);
  memory::heap_free(hide(object));
}

void write_after_free() {
  auto* object = static_cast<u64*>(memory::heap_allocate(object_size));
  memory::heap_free(object);
  hide(object)[1] = 1;
  (void)hide(memory::heap_allocate(object_size));
}

/// Objects of one size lie side by side: one of two neighbours is free and gets the bytes.
void overflow_heap() {
  constexpr unsigned count = 32;
  u8* objects[count];
  for (u8*& object : objects) object = static_cast<u8*>(memory::heap_allocate(object_size));
  for (unsigned i = 0; i < count; i += 2) memory::heap_free(objects[i]);
  for (unsigned i = 1; i < count; i += 2) std::memset(hide(objects[i]), 0x41, object_size + 16);
  for (unsigned i = 0; i < 2 * count; ++i) (void)hide(memory::heap_allocate(object_size));
}

void free_wild_pointer() {
  auto* object = static_cast<u8*>(memory::heap_allocate(object_size));
  memory::heap_free(hide(object) + 8);
}

void read_null() { (void)*static_cast<volatile u64*>(hide(static_cast<u64*>(nullptr))); }
void write_code() { *hide(reinterpret_cast<volatile u8*>(&read_null)) = 0xc3; }
void execute_data() {
  static u8 code[] = {0xc3};
  reinterpret_cast<void (*)()>(hide(code))();
}

constexpr struct {
  std::string_view name;
  void (*make)();
} mistakes[] = {
    {"stack-overflow", overflow_stack}, {"stack-smash", smash_stack},   {"double-free", free_twice},
    {"use-after-free", write_after_free}, {"heap-overflow", overflow_heap}, {"wild-free", free_wild_pointer},
    {"null-read", read_null},           {"write-code", write_code},     {"execute-data", execute_data},
};

}  // namespace

void crash(std::string_view name) {
  if (name.empty()) return;
  for (const auto& mistake : mistakes)
    if (mistake.name == name) {
      mistake.make();
      panic("the mistake was not noticed");
    }
  log::error("there is no crash={}; there are:", name);
  for (const auto& mistake : mistakes) log::error("  {}", mistake.name);
}

}  // namespace osv::boot
