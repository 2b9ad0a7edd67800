// prctl(2), personality(2), and calls that are refused: what would need other processes or rights over the machine.
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"
#include "linux/thread_lookup.hh"

namespace osv::linux_abi {

namespace {

// PR_* (linux/prctl.h).
namespace control {
constexpr int set_parent_death_signal = 1, get_parent_death_signal = 2, get_dumpable = 3, set_dumpable = 4;
constexpr int get_keep_capabilities = 7, set_keep_capabilities = 8, get_timing = 13, set_timing = 14;
constexpr int set_name = 15, get_name = 16, get_seccomp = 21, read_bounding_capability = 23, drop_bounding_capability = 24;
constexpr int get_secure_bits = 27, set_secure_bits = 28, set_timer_slack = 29, get_timer_slack = 30;
constexpr int set_child_subreaper = 36, get_child_subreaper = 37, set_no_new_privileges = 38, get_no_new_privileges = 39;
constexpr int set_huge_pages_disabled = 41, get_huge_pages_disabled = 42, ambient_capabilities = 47;
}  // namespace control

constexpr usize thread_name_size = 16;
constexpr u64 capability_last = 40;  // CAP_CHECKPOINT_RESTORE

result<> set_thread_name(const char* from) {
  auto& name = sched::current().name;
  static_assert(sizeof name == thread_name_size);
  char copy[thread_name_size] = {};
  // Longer names are cut, so the copy may end before the string does, and before unmapped memory.
  for (usize i = 0; i + 1 < thread_name_size; ++i) {
    copy[i] = TRY(memory::read_program<char>(from + i));
    if (!copy[i]) break;
  }
  __builtin_memcpy(name, copy, sizeof name);
  return {};
}

}  // namespace

result<i64> sys_prctl(int option, u64 a, u64 b, u64, u64) {
  process_attributes& attributes = current_process().attributes;
  switch (option) {
    case control::set_name:
      TRY(set_thread_name(reinterpret_cast<const char*>(a)));
      return i64{0};
    case control::get_name:
      TRY(memory::copy_to_program(reinterpret_cast<void*>(a), sched::current().name, thread_name_size));
      return i64{0};
    case control::set_parent_death_signal:
      if (a > 64) return fail(errc::invalid);
      attributes.parent_death_signal = static_cast<int>(a);  // there is no parent that could die
      return i64{0};
    case control::get_parent_death_signal:
      TRY(memory::write_program(reinterpret_cast<void*>(a), attributes.parent_death_signal));
      return i64{0};
    case control::get_dumpable:
      return i64{attributes.dumpable};
    case control::set_dumpable:
      if (a > 1) return fail(errc::invalid);
      attributes.dumpable = static_cast<int>(a);
      return i64{0};
    case control::get_keep_capabilities:
      return i64{attributes.keep_capabilities};
    case control::set_keep_capabilities:
      if (a > 1) return fail(errc::invalid);
      attributes.keep_capabilities = a;
      return i64{0};
    case control::get_timing:
    case control::get_seccomp:
    case control::get_secure_bits:
    case control::get_huge_pages_disabled:
      return i64{0};
    case control::set_timing:
    case control::set_secure_bits:
      if (a) return fail(errc::invalid);
      return i64{0};
    case control::read_bounding_capability:
      if (a > capability_last) return fail(errc::invalid);
      return i64{1};
    case control::drop_bounding_capability:
      if (a > capability_last) return fail(errc::invalid);
      return i64{0};
    case control::set_timer_slack:
      attributes.timer_slack = a ? a : process_attributes::timer_slack_default;
      return i64{0};
    case control::get_timer_slack:
      return static_cast<i64>(attributes.timer_slack);
    case control::set_child_subreaper:
      attributes.child_subreaper = a != 0;
      return i64{0};
    case control::get_child_subreaper:
      TRY(memory::write_program(reinterpret_cast<void*>(a), int{attributes.child_subreaper}));
      return i64{0};
    case control::set_no_new_privileges:
      if (a != 1 || b) return fail(errc::invalid);
      attributes.no_new_privileges = true;
      return i64{0};
    case control::get_no_new_privileges:
      return i64{attributes.no_new_privileges};
    case control::set_huge_pages_disabled:
      return i64{0};
    case control::ambient_capabilities: {
      constexpr u64 is_set = 1, raise = 2, lower = 3, clear_all = 4;
      if (a == is_set || a == lower || a == clear_all) return i64{0};
      return fail(a == raise ? errc::not_permitted : errc::invalid);
    }
    default:
      return fail(errc::invalid);
  }
}

// Only the plain Linux personality exists; asking (0xffffffff) and setting it work, others are taken without effect on
// address-space layout (ADDR_NO_RANDOMIZE after start has none on Linux either).
result<i64> sys_personality(u32 wanted) {
  process_attributes& attributes = current_process().attributes;
  const u32 old = attributes.personality;
  if (wanted != ~0u) attributes.personality = wanted;
  return i64{old};
}

result<> sys_refused() { return fail(errc::not_permitted); }
result<> sys_no_child() { return fail(errc::no_child); }

result<> sys_mount(const char* source, const char* target, const char* type, u32 flags, const void*) {
  const auto at = TRY(path_argument::from(at_current_directory, target));
  const string from = source ? TRY(path_from(source)) : string();
  const string kind = type ? TRY(path_from(type)) : string();
  return vfs::mount(from, at.base, at.path, kind, flags);
}
result<> sys_umount2(const char* target, u32) {
  const auto at = TRY(path_argument::from(at_current_directory, target));
  return vfs::unmount(at.base, at.path);
}

}  // namespace osv::linux_abi
