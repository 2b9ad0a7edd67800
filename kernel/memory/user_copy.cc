#include "memory/user_copy.hh"

#include <cstring>

#include "memory/heap.hh"

extern "C" {
osv::u64 copy_guarded(void* to, const void* from, osv::usize size);
osv::u64 zero_guarded(void* to, osv::usize size);
}

namespace osv::memory {

bool is_program_range(u64 address, usize size) {
  return address < program_address_end && size <= program_address_end - address;
}

namespace {
bool in_program(const void* pointer, usize size) { return is_program_range(reinterpret_cast<u64>(pointer), size); }
}  // namespace

result<> copy_from_program(void* into, const void* from, usize size) {
  if (!in_program(from, size) || copy_guarded(into, from, size)) return fail(errc::fault);
  return {};
}

result<> copy_to_program(void* to, const void* from, usize size) {
  if (!in_program(to, size) || copy_guarded(to, from, size)) return fail(errc::fault);
  return {};
}

result<> zero_program(void* to, usize size) {
  if (!in_program(to, size) || zero_guarded(to, size)) return fail(errc::fault);
  return {};
}

result<> copy_any(void* to, const void* from, usize size) {
  if (copy_guarded(to, from, size)) return fail(errc::fault);
  return {};
}

result<> zero_any(void* to, usize size) {
  if (zero_guarded(to, size)) return fail(errc::fault);
  return {};
}

result<string> copy_string_from_program(const char* from, usize size_max) {
  string text;
  usize done = 0;
  while (done < size_max) {
    char piece[256];
    // Never across a page border: the next page may not be there, and need not be.
    usize n = page_size - (reinterpret_cast<u64>(from + done) & (page_size - 1));
    if (n > sizeof piece) n = sizeof piece;
    if (n > size_max - done) n = size_max - done;
    TRY(copy_from_program(piece, from + done, n));
    const void* end = std::memchr(piece, 0, n);
    if (end) {
      TRY(text.append({piece, static_cast<usize>(static_cast<const char*>(end) - piece)}));
      return text;
    }
    TRY(text.append({piece, n}));
    done += n;
  }
  return fail(errc::name_too_long);
}

}  // namespace osv::memory
