// sched_*(2), nice values, and membarrier(2).
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"
#include "linux/thread_lookup.hh"

namespace osv::linux_abi {

namespace {
constexpr int policy_other = 0, policy_fifo = 1, policy_round_robin = 2, policy_batch = 3, policy_idle = 5, policy_deadline = 6;
constexpr int reset_on_fork = 0x40000000;

result<> check_fair(int policy, i32 priority) {
  if (policy == policy_fifo || policy == policy_round_robin) return fail(errc::not_permitted);  // no real-time classes
  if (policy != policy_other && policy != policy_batch && policy != policy_idle) return fail(errc::invalid);
  if (priority != 0) return fail(errc::invalid);
  return {};
}
}  // namespace

ref<sched::thread> find_program_thread(u32 id) {
  if (id == 0 || id == sched::current().id) return ref<sched::thread>(&sched::current());
  ref<sched::thread> found;
  sched::for_each_thread([&](sched::thread& t) {
    if (t.id == id && t.program_data && t.try_retain()) found = ref<sched::thread>::adopt(&t);
  });
  return found;
}

result<ref<sched::thread>> program_thread(u32 id) {
  ref<sched::thread> found = find_program_thread(id);
  if (!found) return fail(errc::no_such_process);
  return found;
}

result<usize> sys_sched_getaffinity(u32 id, usize size, void* into) {
  const ref<sched::thread> thread = TRY(program_thread(id));
  if (size * 8 < arch::cpu_count || size % sizeof(u64)) return fail(errc::invalid);
  const u64 online = arch::cpu_count >= 64 ? ~0ull : (1ull << arch::cpu_count) - 1;
  const u64 mask = thread->affinity.load(std::memory_order_relaxed) & online;
  TRY(memory::write_program(into, mask));
  return sizeof mask;
}

result<> sys_sched_setaffinity(u32 id, usize size, const void* from) {
  const ref<sched::thread> thread = TRY(program_thread(id));
  u64 mask = 0;
  TRY(memory::copy_from_program(&mask, from, size < sizeof mask ? size : sizeof mask));
  const u64 online = arch::cpu_count >= 64 ? ~0ull : (1ull << arch::cpu_count) - 1;
  if (!(mask & online)) return fail(errc::invalid);
  sched::set_affinity(*thread, mask & online);
  return {};
}

result<int> sys_sched_getscheduler(u32 id) {
  return TRY(program_thread(id))->policy;
}
result<> sys_sched_setscheduler(u32 id, int policy, const i32* parameter) {
  const ref<sched::thread> thread = TRY(program_thread(id));
  policy &= ~reset_on_fork;
  TRY(check_fair(policy, TRY(memory::read_program<i32>(parameter))));
  thread->policy = policy;
  return {};
}
result<> sys_sched_getparam(u32 id, i32* into) {
  (void)TRY(program_thread(id));
  return memory::write_program(into, i32{0});
}
result<> sys_sched_setparam(u32 id, const i32* parameter) {
  (void)TRY(program_thread(id));
  return check_fair(policy_other, TRY(memory::read_program<i32>(parameter)));
}
result<int> sys_sched_get_priority_max(int policy) {
  if (policy == policy_fifo || policy == policy_round_robin) return 99;
  if (policy != policy_deadline) TRY(check_fair(policy, 0));
  return 0;
}
result<int> sys_sched_get_priority_min(int policy) {
  if (policy == policy_fifo || policy == policy_round_robin) return 1;
  if (policy != policy_deadline) TRY(check_fair(policy, 0));
  return 0;
}
result<> sys_sched_rr_get_interval(u32 id, linux_timespec* into) {
  (void)TRY(program_thread(id));
  return memory::write_program(into, linux_timespec{0, 4 * millisecond});
}

namespace {
/// struct sched_attr (sched_setattr(2)), first version.
struct scheduling_attributes {
  u32 size, policy;
  u64 flags;
  i32 nice;
  u32 priority;
  u64 runtime, deadline, period;
};
static_assert(sizeof(scheduling_attributes) == 48);
}  // namespace

result<> sys_sched_getattr(u32 id, void* into, u32 size, u32 flags) {
  const ref<sched::thread> thread = TRY(program_thread(id));
  if (flags || size < sizeof(scheduling_attributes)) return fail(errc::invalid);
  scheduling_attributes a{};
  a.size = sizeof a;
  a.policy = static_cast<u32>(thread->policy);
  a.nice = thread->nice;
  return memory::write_program(into, a);
}
result<> sys_sched_setattr(u32 id, const void* from, u32 flags) {
  const ref<sched::thread> thread = TRY(program_thread(id));
  const auto a = TRY(memory::read_program<scheduling_attributes>(from));
  if (flags || a.nice < -20 || a.nice > 19) return fail(errc::invalid);
  TRY(check_fair(static_cast<int>(a.policy), static_cast<i32>(a.priority)));
  thread->policy = static_cast<int>(a.policy);
  thread->nice = a.nice;
  return {};
}

namespace {
constexpr int of_process = 0, of_group = 1, of_user = 2;  // PRIO_*
}

// The raw call answers 20 - nice, so that it is never negative (getpriority(2), "C library/kernel differences").
result<int> sys_getpriority(int which, u32 who) {
  if (which < of_process || which > of_user) return fail(errc::invalid);
  const ref<sched::thread> thread = TRY(program_thread(which == of_process ? who : 0));
  return 20 - thread->nice;
}
result<> sys_setpriority(int which, u32 who, int nice) {
  if (which < of_process || which > of_user) return fail(errc::invalid);
  const ref<sched::thread> thread = TRY(program_thread(which == of_process ? who : 0));
  thread->nice = nice < -20 ? -20 : nice > 19 ? 19 : nice;
  return {};
}

}  // namespace osv::linux_abi
