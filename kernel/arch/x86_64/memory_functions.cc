// memcpy and friends: the compiler calls them by name. String instructions: fast on every processor of the last decade.
#include "base/types.hh"

extern "C" {

void* memcpy(void* to, const void* from, osv::usize size) {
  void* result = to;
  osv::usize words = size >> 3;
  osv::usize rest = size & 7;
  asm volatile("rep movsq\n\tmov %[rest], %[count]\n\trep movsb"
               : "+D"(to), "+S"(from), [count] "+c"(words)
               : [rest] "r"(rest)
               : "memory");
  return result;
}

void* memmove(void* to, const void* from, osv::usize size) {
  auto* target = static_cast<osv::u8*>(to);
  const auto* source = static_cast<const osv::u8*>(from);
  if (target <= source || target >= source + size) return memcpy(to, from, size);
  // Overlap with the target above: backwards, byte-wise at the end, then words.
  while (size & 7) {
    --size;
    target[size] = source[size];
  }
  while (size) {
    size -= 8;
    osv::u64 word;
    __builtin_memcpy(&word, source + size, 8);
    __builtin_memcpy(target + size, &word, 8);
  }
  return to;
}

void* memset(void* to, int value, osv::usize size) {
  void* result = to;
  osv::u64 pattern = static_cast<osv::u8>(value) * 0x0101010101010101ull;
  osv::usize words = size >> 3;
  osv::usize rest = size & 7;
  asm volatile("rep stosq\n\tmov %[rest], %[count]\n\trep stosb"
               : "+D"(to), [count] "+c"(words)
               : [rest] "r"(rest), "a"(pattern)
               : "memory");
  return result;
}

int memcmp(const void* a, const void* b, osv::usize size) {
  const auto* x = static_cast<const osv::u8*>(a);
  const auto* y = static_cast<const osv::u8*>(b);
  for (; size >= 8; size -= 8, x += 8, y += 8) {
    osv::u64 left, right;
    __builtin_memcpy(&left, x, 8);
    __builtin_memcpy(&right, y, 8);
    if (left != right) break;
  }
  for (osv::usize i = 0; i < size; ++i)
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  return 0;
}

osv::usize strlen(const char* text) {
  osv::usize n = 0;
  while (text[n]) ++n;
  return n;
}

void* memchr(const void* where, int value, osv::usize size) {
  const auto* bytes = static_cast<const osv::u8*>(where);
  for (osv::usize i = 0; i < size; ++i)
    if (bytes[i] == static_cast<osv::u8>(value)) return const_cast<osv::u8*>(bytes + i);
  return nullptr;
}

}  // extern "C"
