// What the program asks about the machine: uname(2), sysinfo(2), getrusage(2), getrandom(2), getcpu(2), host name.
#include "linux/kernel_identity.hh"
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/clocks.hh"
#include "linux/syscalls/handlers.hh"
#include "memory/frames.hh"
#include "sched/scheduler.hh"
#include "sync/random.hh"
#include "trace/count.hh"

namespace osv::linux_abi {

namespace {

constexpr usize name_size = 65;  // __NEW_UTS_LEN and the zero

/// struct new_utsname.
struct linux_utsname {
  char system[name_size], node[name_size], release[name_size], version[name_size], machine[name_size], domain[name_size];
};

void fill(char (&into)[name_size], string_view text) {
  const usize n = text.size() < name_size - 1 ? text.size() : name_size - 1;
  __builtin_memcpy(into, text.data(), n);
  into[n] = 0;
}

sync::mutex host_name_mutex;

}  // namespace

result<string> host_name() {
  sync::mutex_guard g(host_name_mutex);
  return string::create(current_process().hostname);
}

result<> sys_uname(void* into) {
  const string node = TRY(host_name());
  linux_utsname u{};
  fill(u.system, kernel_identity::system);
  fill(u.node, node);
  fill(u.release, kernel_identity::release);
  fill(u.version, kernel_identity::version);
  fill(u.machine, kernel_identity::machine);
  fill(u.domain, "(none)");
  return memory::write_program(into, u);
}

result<> sys_sethostname(const char* name, i32 size) {
  if (size < 0 || static_cast<usize>(size) >= name_size) return fail(errc::invalid);
  char copy[name_size];
  TRY(memory::copy_from_program(copy, name, static_cast<usize>(size)));
  string fresh = TRY(string::create({copy, static_cast<usize>(size)}));
  sync::mutex_guard g(host_name_mutex);
  current_process().hostname = std::move(fresh);
  return {};
}

result<> sys_setdomainname(const char*, i32) { return fail(errc::not_permitted); }

result<> sys_sysinfo(void* into) {
  /// struct sysinfo of x86-64.
  struct {
    i64 uptime;
    u64 loads[3], total_memory, free_memory, shared_memory, buffer_memory, total_swap, free_swap;
    u16 processes, padding;
    u64 total_high, free_high;
    u32 unit;
    u32 padding2;
  } info{};
  static_assert(sizeof info == 112);
  const auto memory = memory::statistics();
  info.uptime = sched::now() / second;
  info.loads[0] = info.loads[1] = info.loads[2] = static_cast<u64>(sched::runnable_count()) << 16;  // fixed point, 16 bits
  info.total_memory = memory.total_bytes;
  info.free_memory = memory.free_bytes;
  info.buffer_memory = memory.page_cache_bytes;
  info.processes = static_cast<u16>(sched::thread_count());
  info.unit = 1;
  return memory::write_program(into, info);
}

result<> sys_getrusage(i32 who, void* into) {
  constexpr i32 self = 0, children = -1, this_thread = 1;
  if (who != self && who != children && who != this_thread) return fail(errc::invalid);
  /// struct rusage.
  struct {
    linux_timeval user, system;
    i64 resident_max_kib, shared, data, stack, minor_faults, major_faults, swaps, block_in, block_out;
    i64 messages_sent, messages_received, signals, voluntary_switches, involuntary_switches;
  } usage{};
  static_assert(sizeof usage == 144);
  if (who != children) {
    // Everything runs in ring 0: all time counts as the user's.
    usage.user = linux_timeval::of(who == self ? process_run_time() : sched::runtime(sched::current()));
    usage.resident_max_kib = static_cast<i64>(current_process().space.resident_bytes() / 1024);
    usage.minor_faults = static_cast<i64>(trace::total(trace::counter::page_faults_anonymous) +
                                          trace::total(trace::counter::page_faults_copy_on_write) +
                                          trace::total(trace::counter::page_faults_huge));
    usage.major_faults = static_cast<i64>(trace::total(trace::counter::page_cache_misses));
    usage.block_in = static_cast<i64>(trace::total(trace::counter::block_read_bytes) / 512);
    usage.block_out = static_cast<i64>(trace::total(trace::counter::block_written_bytes) / 512);
    usage.voluntary_switches = static_cast<i64>(who == self ? trace::total(trace::counter::context_switches)
                                                            : sched::current().context_switches);
    usage.involuntary_switches = static_cast<i64>(trace::total(trace::counter::preemptions));
  }
  return memory::write_program(into, usage);
}

result<usize> sys_getrandom(u8* into, usize size, u32 flags) {
  constexpr u32 non_blocking = 1, random = 2, insecure = 4;
  constexpr nanoseconds retry = millisecond;
  if (flags & ~(non_blocking | random | insecure) || (flags & (random | insecure)) == (random | insecure))
    return fail(errc::invalid);
  if (!(flags & insecure)) {
    while (!sync::random_seeded()) {
      if (flags & non_blocking) return fail(errc::again);
      if (!sched::sleep_until(sched::now() + retry)) return fail(errc::restart);
    }
  }
  constexpr usize size_max = 0x1ffffff;  // getrandom(2): 32 MiB - 1
  if (size > size_max) size = size_max;
  usize done = 0;
  while (done < size) {
    u8 piece[256];
    const usize n = size - done < sizeof piece ? size - done : sizeof piece;
    sync::random_bytes(piece, n);
    if (auto copied = memory::copy_to_program(into + done, piece, n); !copied.ok()) {
      if (done) return done;
      return fail(copied.error());
    }
    done += n;
    if (done % 65536 == 0 && sched::interrupted(sched::current())) return done;
  }
  return done;
}

result<> sys_getcpu(u32* cpu, u32* node) {
  if (cpu) TRY(memory::write_program(cpu, u32{arch::cpu_id()}));
  if (node) TRY(memory::write_program(node, u32{0}));
  return {};
}

}  // namespace osv::linux_abi
