// /proc/meminfo, stat, uptime, … and /proc/sys: proc(5).
#include "linux/inotify_file.hh"
#include "linux/kernel_identity.hh"
#include "linux/proc/proc.hh"
#include "linux/process.hh"
#include "linux/task.hh"
#include "memory/frames.hh"
#include "sync/random.hh"
#include "trace/count.hh"

namespace osv::linux_abi {

namespace {

using vfs::text_sink;

result<> meminfo(text_sink& out) {
  const auto m = memory::statistics();
  const auto line = [&](string_view name, u64 bytes) {
    const formatted<24> label("{}:", name);
    out.print("{:16}{:8} kB\n", label.view(), bytes / 1024);
  };
  line("MemTotal", m.total_bytes);
  line("MemFree", m.free_bytes);
  line("MemAvailable", m.free_bytes + m.page_cache_bytes);
  line("Buffers", 0);
  line("Cached", m.page_cache_bytes);
  line("SwapCached", 0);
  line("Active", m.anonymous_bytes + m.anonymous_huge_bytes);
  line("Inactive", m.page_cache_bytes);
  line("Active(anon)", m.anonymous_bytes + m.anonymous_huge_bytes);
  line("Inactive(anon)", 0);
  line("Active(file)", 0);
  line("Inactive(file)", m.page_cache_bytes);
  line("Unevictable", 0);
  line("Mlocked", 0);
  line("SwapTotal", 0);
  line("SwapFree", 0);
  line("Dirty", 0);
  line("Writeback", 0);
  line("AnonPages", m.anonymous_bytes + m.anonymous_huge_bytes);
  line("Mapped", m.page_cache_bytes);
  line("Shmem", 0);
  line("KReclaimable", 0);
  line("Slab", m.kernel_heap_bytes);
  line("SReclaimable", 0);
  line("SUnreclaim", m.kernel_heap_bytes);
  line("KernelStack", m.thread_stack_bytes);
  line("PageTables", m.page_table_bytes);
  line("CommitLimit", m.total_bytes);
  line("Committed_AS", m.total_bytes - m.free_bytes);
  line("VmallocTotal", u64{1} << 45);
  line("VmallocUsed", 0);
  line("AnonHugePages", m.anonymous_huge_bytes);
  out.put("HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\n");
  line("Hugepagesize", huge_page_size);
  return {};
}

constexpr nanoseconds tick = second / 100;  // USER_HZ

u64 counter_of(unsigned cpu, trace::counter which) {
  return __atomic_load_n(&arch::values_of(cpu).counters[static_cast<usize>(which)], __ATOMIC_RELAXED);
}

result<> stat(text_sink& out) {
  const auto up = static_cast<u64>(sched::now() / tick);
  const auto line = [&](string_view name, u64 idle_nanoseconds, u64 whole) {
    u64 idle = idle_nanoseconds / tick;
    if (idle > whole) idle = whole;
    out.print("{} {} 0 0 {} 0 0 0 0 0 0\n", name, whole - idle, idle);  // one ring: busy time is user time
  };
  line("cpu ", trace::total(trace::counter::idle_nanoseconds), up * arch::cpu_count);
  for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu)
    line(formatted<16>("cpu{}", cpu).view(), counter_of(cpu, trace::counter::idle_nanoseconds), up);
  out.print("intr {}\nctxt {}\nbtime {}\nprocesses {}\nprocs_running {}\nprocs_blocked 0\n",
            trace::total(trace::counter::interrupts_device) + trace::total(trace::counter::interrupts_timer) +
                trace::total(trace::counter::interrupts_ipi),
            trace::total(trace::counter::context_switches), (sched::realtime() - sched::now()) / second,
            current_process().last_thread_id.load(), sched::runnable_count());
  return {};
}

result<> uptime(text_sink& out) {
  const nanoseconds up = sched::now();
  const auto idle = static_cast<nanoseconds>(trace::total(trace::counter::idle_nanoseconds));
  out.print("{}.{:02} {}.{:02}\n", up / second, up % second / (second / 100), idle / second, idle % second / (second / 100));
  return {};
}

result<> load_average(text_sink& out) {
  const u32 ready = sched::runnable_count();
  out.print("{}.00 {}.00 {}.00 {}/{} {}\n", ready, ready, ready, ready, sched::thread_count(), current_process().last_thread_id.load());
  return {};
}

result<> version(text_sink& out) {
  out.print("{} version {} (OS^v) {}\n", kernel_identity::system, kernel_identity::release, kernel_identity::version);
  return {};
}

result<> interrupts(text_sink& out) {
  out.put("    ");
  for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu) out.print("       CPU{:3}", cpu);
  out.put('\n');
  const auto line = [&](string_view label, trace::counter which, string_view name) {
    out.print("{:4}", label);
    for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu) out.print(" {:12}", counter_of(cpu, which));
    out.print("   {}\n", name);
  };
  line("DEV:", trace::counter::interrupts_device, "Device interrupts");
  line("LOC:", trace::counter::interrupts_timer, "Local timer interrupts");
  line("RES:", trace::counter::interrupts_ipi, "Rescheduling interrupts");
  return {};
}

result<> virtual_memory_counts(text_sink& out) {
  const auto m = memory::statistics();
  out.print("nr_free_pages {}\nnr_anon_pages {}\nnr_file_pages {}\npgfault {}\npgmajfault {}\n", m.free_bytes / page_size,
            (m.anonymous_bytes + m.anonymous_huge_bytes) / page_size, m.page_cache_bytes / page_size,
            trace::total(trace::counter::page_faults_anonymous) + trace::total(trace::counter::page_faults_file),
            trace::total(trace::counter::page_cache_misses));
  return {};
}

}  // namespace

result<> register_system_files() {
  vfs::generated_tree& proc = vfs::proc();
  TRY(proc.add_file("meminfo", &meminfo));
  TRY(proc.add_file("stat", &stat));
  TRY(proc.add_file("uptime", &uptime));
  TRY(proc.add_file("loadavg", &load_average));
  TRY(proc.add_file("version", &version));
  TRY(proc.add_file("interrupts", &interrupts));
  TRY(proc.add_file("vmstat", &virtual_memory_counts));
  TRY(proc.add_text("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"));
  TRY(proc.add_text("cmdline", "\n"));
  return proc.add_text("cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
}

namespace {

result<> put_uuid(text_sink& out, const u8 (&b)[16]) {
  for (unsigned i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.put('-');
    out.print("{:02x}", b[i]);
  }
  out.put('\n');
  return {};
}

/// RFC 4122, version 4.
void make_uuid(u8 (&b)[16]) {
  sync::random_bytes(b, sizeof b);
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
}

result<> boot_identity(text_sink& out) {
  static u8 identity[16];
  static std::atomic<int> made{0};
  int state = 0;
  if (made.compare_exchange_strong(state, 1, std::memory_order_acquire)) {
    make_uuid(identity);
    made.store(2, std::memory_order_release);
  }
  while (made.load(std::memory_order_acquire) != 2) arch::pause();
  return put_uuid(out, identity);
}

/// Settings that are as they are.
struct fixed_setting {
  const char* path;
  const char* text;
};
constexpr fixed_setting settings[] = {
    {"sys/kernel/ostype", "Linux\n"},
    {"sys/kernel/pid_max", "4194304\n"},
    {"sys/kernel/cap_last_cap", "40\n"},
    {"sys/kernel/ngroups_max", "65536\n"},
    {"sys/kernel/randomize_va_space", "2\n"},
    {"sys/kernel/domainname", "(none)\n"},
    {"sys/kernel/core_pattern", "core\n"},
    {"sys/kernel/yama/ptrace_scope", "1\n"},
    {"sys/kernel/seccomp/actions_avail", "\n"},
    {"sys/kernel/random/poolsize", "256\n"},
    {"sys/kernel/random/entropy_avail", "256\n"},
    {"sys/kernel/sched_child_runs_first", "0\n"},
    {"sys/kernel/shmmax", "18446744073692774399\n"},
    {"sys/kernel/perf_event_paranoid", "3\n"},
    // Reservations cost nothing and are never refused: Linux calls that 1.
    {"sys/vm/overcommit_memory", "1\n"},
    {"sys/vm/overcommit_ratio", "50\n"},
    {"sys/vm/max_map_count", "262144\n"},
    {"sys/vm/swappiness", "0\n"},
    {"sys/vm/mmap_min_addr", "65536\n"},
    {"sys/vm/nr_hugepages", "0\n"},
    {"sys/net/core/somaxconn", "4096\n"},
    {"sys/net/core/optmem_max", "20480\n"},
    {"sys/net/core/rmem_default", "212992\n"},
    {"sys/net/core/wmem_default", "212992\n"},
    {"sys/net/core/rmem_max", "212992\n"},
    {"sys/net/core/wmem_max", "212992\n"},
    {"sys/net/core/netdev_max_backlog", "1000\n"},
    {"sys/net/ipv4/ip_local_port_range", "32768\t60999\n"},
    {"sys/net/ipv4/tcp_max_syn_backlog", "4096\n"},
    {"sys/net/ipv4/tcp_fin_timeout", "60\n"},
    {"sys/net/ipv4/tcp_keepalive_time", "7200\n"},
    {"sys/net/ipv4/tcp_keepalive_intvl", "75\n"},
    {"sys/net/ipv4/tcp_keepalive_probes", "9\n"},
    {"sys/net/ipv4/ip_forward", "0\n"},
    {"sys/net/ipv4/tcp_fastopen", "0\n"},
    {"sys/net/unix/max_dgram_qlen", "512\n"},
    {"sys/fs/file-max", "1048576\n"},
    {"sys/fs/nr_open", "1048576\n"},
    {"sys/fs/pipe-max-size", "1048576\n"},
    {"sys/fs/epoll/max_user_watches", "1048576\n"},
};

}  // namespace

result<> register_kernel_settings() {
  vfs::generated_tree& proc = vfs::proc();
  for (const fixed_setting& s : settings) TRY(proc.add_text(s.path, s.text));
  TRY(proc.add_file("sys/kernel/osrelease", [](text_sink& out) -> result<> {
    out.print("{}\n", kernel_identity::release);
    return {};
  }));
  TRY(proc.add_file("sys/kernel/version", [](text_sink& out) -> result<> {
    out.print("{}\n", kernel_identity::version);
    return {};
  }));
  TRY(proc.add_file("sys/kernel/threads-max", [](text_sink& out) -> result<> {
    out.print("{}\n", tasks_max());
    return {};
  }));
  TRY(proc.add_file("sys/kernel/hostname", [](text_sink& out) -> result<> {
    const string name = TRY(host_name());
    out.print("{}\n", name.view());
    return {};
  }));
  TRY(proc.add_file("sys/kernel/random/boot_id", &boot_identity));
  TRY(proc.add_file("sys/kernel/random/uuid", [](text_sink& out) {
    u8 fresh[16];
    make_uuid(fresh);
    return put_uuid(out, fresh);
  }));
  TRY(proc.add_file("sys/fs/inotify/max_queued_events", [](text_sink& out) -> result<> {
    out.print("{}\n", inotify_file::queue_max);
    return {};
  }));
  TRY(proc.add_file("sys/fs/inotify/max_user_instances", [](text_sink& out) -> result<> {
    out.print("{}\n", inotify_file::instances_max);
    return {};
  }));
  TRY(proc.add_file("sys/fs/inotify/max_user_watches", [](text_sink& out) -> result<> {
    out.print("{}\n", vfs::watches_max);
    return {};
  }));
  return proc.add_file("sys/fs/file-nr", [](text_sink& out) -> result<> {
    out.print("{}\t0\t1048576\n", current_process().files.count());
    return {};
  });
}

}  // namespace osv::linux_abi
