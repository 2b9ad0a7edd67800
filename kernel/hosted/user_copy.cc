#include "memory/user_copy.hh"

#include <cstring>
#include <map>
#include <mutex>

#include "hosted/test_controls.hh"

namespace osv::hosted {

namespace {
std::mutex ranges_mutex;
std::map<u64, u64>& bad_ranges() {  // start → end
  static auto* instance = new std::map<u64, u64>{{0, page_size}};
  return *instance;
}

bool is_bad(u64 start, usize size) {
  std::unique_lock held(ranges_mutex);
  for (const auto& [from, to] : bad_ranges())
    if (start < to && from < start + size) return true;
  return false;
}
}  // namespace

bad_address_range::bad_address_range(const void* start, usize size) : start_(reinterpret_cast<u64>(start)) {
  std::unique_lock held(ranges_mutex);
  bad_ranges()[start_] = start_ + size;
}
bad_address_range::~bad_address_range() {
  std::unique_lock held(ranges_mutex);
  bad_ranges().erase(start_);
}

}  // namespace osv::hosted

namespace osv::memory {

namespace {
result<> check(const void* address, usize size) {
  const u64 start = reinterpret_cast<u64>(address);
  if (!is_program_range(start, size) || hosted::is_bad(start, size)) return fail(errc::fault);
  return {};
}
}  // namespace

bool is_program_range(u64 address, usize size) {
  return address < program_address_end && size <= program_address_end - address;
}

result<> copy_from_program(void* into, const void* from, usize size) {
  if (!size) return {};
  TRY(check(from, size));
  std::memcpy(into, from, size);
  return {};
}

result<> copy_to_program(void* to, const void* from, usize size) {
  if (!size) return {};
  TRY(check(to, size));
  std::memcpy(to, from, size);
  return {};
}

result<> zero_program(void* to, usize size) {
  if (!size) return {};
  TRY(check(to, size));
  std::memset(to, 0, size);
  return {};
}

result<> copy_any(void* to, const void* from, usize size) {
  if (!size) return {};
  TRY(check(to, size));
  return copy_from_program(to, from, size);
}

result<> zero_any(void* to, usize size) { return zero_program(to, size); }

result<string> copy_string_from_program(const char* from, usize size_max) {
  string copied;
  for (usize i = 0; i < size_max; ++i) {
    TRY(check(from + i, 1));
    if (!from[i]) return copied;
    TRY(copied.push_back(from[i]));
  }
  return fail(errc::name_too_long);
}

}  // namespace osv::memory
