// getrlimit(2), setrlimit(2), prlimit(2).
#include "linux/resource_limits.hh"

#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"

namespace osv::linux_abi {

void set_default_limits(process& p) {
  for (auto& limit : p.limits) limit = {resource::unlimited, resource::unlimited};
  p.limits[resource::stack] = {8 << 20, resource::unlimited};
  p.limits[resource::core] = {0, resource::unlimited};
  p.limits[resource::open_files] = {65536, descriptor_table::descriptors_max};
  p.limits[resource::processes] = {32768, 32768};
  p.limits[resource::locked_memory] = {64 << 20, resource::unlimited};
  p.limits[resource::pending_signals] = {32768, 32768};
  p.limits[resource::message_queues] = {819200, 819200};
  p.limits[resource::nice] = {0, 0};
  p.limits[resource::real_time_priority] = {0, 0};
  p.files.set_limit(p.limits[resource::open_files].soft);
}

result<> sys_prlimit64(u32 process_id, u32 which, const resource_limit* wanted, resource_limit* old) {
  process& p = current_process();
  if (which >= resource::count) return fail(errc::invalid);
  if (process_id != 0 && process_id != p.id) return fail(errc::no_such_process);
  resource_limit fresh{};
  if (wanted) {
    fresh = TRY(memory::read_program<resource_limit>(wanted));
    if (fresh.soft > fresh.hard) return fail(errc::invalid);
    if (which == resource::open_files && fresh.hard > descriptor_table::descriptors_max) return fail(errc::not_permitted);
    if (fresh.hard > p.limits[which].hard && p.identity.effective_user != 0) return fail(errc::not_permitted);
  }
  const resource_limit before = p.limits[which];
  if (wanted) {
    p.limits[which] = fresh;
    if (which == resource::open_files) p.files.set_limit(fresh.soft);
  }
  if (!old) return {};
  return memory::write_program(old, before);
}
result<> sys_getrlimit(u32 which, resource_limit* into) { return sys_prlimit64(0, which, nullptr, into); }
result<> sys_setrlimit(u32 which, const resource_limit* wanted) {
  if (!memory::is_program_range(reinterpret_cast<u64>(wanted), sizeof *wanted)) return fail(errc::fault);
  return sys_prlimit64(0, which, wanted, nullptr);
}

}  // namespace osv::linux_abi
