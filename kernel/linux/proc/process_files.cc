// /proc/self: see proc(5) for each file. The one process is also /proc/1.
#include "linux/program.hh"
#include "linux/proc/proc.hh"
#include "linux/process.hh"
#include "linux/signal.hh"
#include "linux/syscalls/clocks.hh"
#include "linux/task.hh"
#include "linux/thread_lookup.hh"
#include "memory/frames.hh"
#include "trace/count.hh"

namespace osv::linux_abi {

namespace {

using vfs::text_sink;

constexpr nanoseconds tick = second / 100;  // USER_HZ

/// Zero-separated strings, as cmdline and environ have them.
void put_strings(text_sink& out, const vector<string>& strings) {
  for (const string& s : strings) {
    out.put(s.view());
    out.put('\0');
  }
}

void put_mapping_line(text_sink& out, const memory::mapping& m) {
  const char* p = m.label ? m.label : "";
  const auto bit = [&](u32 wanted, char c) { return m.protection & wanted ? c : '-'; };
  const formatted<128> head("{:08x}-{:08x} {}{}{}{} {:08x} {}:{} {}", m.begin, m.end, bit(memory::protection::read, 'r'),
                            bit(memory::protection::write, 'w'), bit(memory::protection::execute, 'x'), m.shared ? 's' : 'p',
                            m.source ? m.source_page * page_size : 0, m.source ? "00" : "00", m.source ? "01" : "00",
                            m.source ? m.source->inode_number() : 0);
  out.put(head.view());
  string_view name = p;
  if (m.source && name.empty()) name = m.source->name();
  if (!name.empty()) {
    // The name stands in column 74, as programs that cut by columns expect.
    for (usize column = head.view().size(); column < 73; ++column) out.put(' ');
    out.put(name);
  }
  out.put('\n');
}

result<> maps(text_sink& out) {
  current_process().space.for_each([&](const memory::mapping& m) { put_mapping_line(out, m); });
  return {};
}

/// The lines that readers of smaps sum up. What is resident is known for the whole space, not for a mapping.
result<> smaps(text_sink& out) {
  current_process().space.for_each([&](const memory::mapping& m) {
    put_mapping_line(out, m);
    out.print("Size:           {:8} kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n", (m.end - m.begin) / 1024);
  });
  return {};
}

result<> smaps_rollup(text_sink& out) {
  process& p = current_process();
  const u64 resident = p.space.resident_bytes() / 1024;
  out.print("00400000-7ffffffff000 ---p 00000000 00:00 0                              [rollup]\n");
  out.print("Rss:            {:8} kB\nPss:            {:8} kB\nAnonymous:      {:8} kB\n", resident, resident, resident);
  return {};
}

result<> statm(text_sink& out) {
  process& p = current_process();
  out.print("{} {} 0 0 0 {} 0\n", p.space.mapped_bytes() / page_size, p.space.resident_bytes() / page_size,
            p.space.mapped_bytes() / page_size);
  return {};
}

result<> limits(text_sink& out) {
  struct line {
    const char *name, *unit;
  };
  constexpr line lines[resource::count] = {
      {"Max cpu time", "seconds"},        {"Max file size", "bytes"},          {"Max data size", "bytes"},
      {"Max stack size", "bytes"},        {"Max core file size", "bytes"},     {"Max resident set", "bytes"},
      {"Max processes", "processes"},     {"Max open files", "files"},         {"Max locked memory", "bytes"},
      {"Max address space", "bytes"},     {"Max file locks", "locks"},         {"Max pending signals", "signals"},
      {"Max msgqueue size", "bytes"},     {"Max nice priority", ""},           {"Max realtime priority", ""},
      {"Max realtime timeout", "us"}};
  out.print("{:25} {:20} {:20} {:10}\n", "Limit", "Soft Limit", "Hard Limit", "Units");
  const auto value = [](u64 v) { return v == resource::unlimited ? formatted<24>("unlimited") : formatted<24>("{}", v); };
  for (u32 i = 0; i < resource::count; ++i) {
    const resource_limit& limit = current_process().limits[i];
    out.print("{:25} {:20} {:20} {:10}\n", lines[i].name, value(limit.soft).view(), value(limit.hard).view(), lines[i].unit);
  }
  return {};
}

/// The thread that stands for the process: its first, or the reading one when that has ended.
ref<sched::thread> first_thread() {
  ref<sched::thread> first = find_program_thread(current_process().id);
  return first ? first : ref<sched::thread>(&sched::current());
}

struct text_file {
  const char* path;
  result<> (*generate)(text_sink&);
};

constexpr text_file files[] = {
    {"1/maps", maps},
    {"1/smaps", smaps},
    {"1/smaps_rollup", smaps_rollup},
    {"1/statm", statm},
    {"1/limits", limits},
    {"1/stat",
     [](text_sink& out) -> result<> {
       put_stat_line(out, *first_thread(), true);
       return {};
     }},
    {"1/status", [](text_sink& out) -> result<> { return put_status(out, *first_thread()); }},
    {"1/cmdline",
     [](text_sink& out) -> result<> {
       put_strings(out, current_process().arguments);
       return {};
     }},
    {"1/environ",
     [](text_sink& out) -> result<> {
       put_strings(out, current_process().environment);
       return {};
     }},
    {"1/auxv",
     [](text_sink& out) -> result<> {
       for (const auxiliary_entry& e : auxiliary_vector()) out.put(string_view(reinterpret_cast<const char*>(&e), sizeof e));
       return {};
     }},
    {"1/cgroup",
     [](text_sink& out) -> result<> {
       out.put("0::/\n");
       return {};
     }},
    {"1/oom_score",
     [](text_sink& out) -> result<> {
       out.put("0\n");
       return {};
     }},
    {"1/loginuid",
     [](text_sink& out) -> result<> {
       out.put("4294967295");
       return {};
     }},
    {"1/wchan",
     [](text_sink& out) -> result<> {
       out.put("0");
       return {};
     }},
    {"1/uid_map",
     [](text_sink& out) -> result<> {
       out.put("         0          0 4294967295\n");
       return {};
     }},
    {"1/gid_map",
     [](text_sink& out) -> result<> {
       out.put("         0          0 4294967295\n");
       return {};
     }},
    {"1/io",
     [](text_sink& out) -> result<> {
       out.print("rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: {}\nwrite_bytes: {}\ncancelled_write_bytes: 0\n",
                 trace::total(trace::counter::block_read_bytes), trace::total(trace::counter::block_written_bytes));
       return {};
     }},
    {"1/sched",
     [](text_sink& out) -> result<> {
       const ref<sched::thread> thread = first_thread();
       out.print("se.sum_exec_runtime : {}\nnr_switches : {}\n", sched::runtime(*thread), thread->context_switches);
       return {};
     }},
};

/// Values that may be written and are kept, nothing more.
std::atomic<i32> oom_score_adjustment{0};

result<> set_oom_score_adjustment(string_view text) {
  i32 value = 0;
  bool negative = false, any = false;
  for (char c : text) {
    if (c == '-' && !any) {
      negative = true;
    } else if (c >= '0' && c <= '9' && value < 100000) {
      value = value * 10 + (c - '0');
      any = true;
    } else if (c != '\n' && c != ' ') {
      return fail(errc::invalid);
    }
  }
  if (!any || value > 1000) return fail(errc::invalid);
  oom_score_adjustment.store(negative ? -value : value);
  return {};
}

}  // namespace

void put_stat_line(text_sink& out, sched::thread& thread, bool whole_process) {
  process& p = current_process();
  const u32 id = whole_process ? p.id : thread.id;
  const nanoseconds run = whole_process ? process_run_time() : sched::runtime(thread);
  const u64 faults = trace::total(trace::counter::page_faults_anonymous) + trace::total(trace::counter::page_faults_copy_on_write);
  // Fields in the order of proc(5), /proc/pid/stat; state and terminal first.
  out.print("{} ({}) {} 0 {} {} 0 -1 4194304 ", id, string_view(thread.name),
            &thread == &sched::current() ? 'R' : thread.state.load() == sched::thread_state::parked ? 'S' : 'R', p.id, p.id);
  out.print("{} 0 {} 0 {} 0 0 0 {} {} ", faults, trace::total(trace::counter::page_cache_misses), run / tick, 20 + thread.nice,
            thread.nice);
  u32 tasks = 0;
  {
    lock::guard g(p.signal_lock);
    for ([[maybe_unused]] auto& t : p.tasks) ++tasks;
  }
  out.print("{} 0 {} {} {} 18446744073709551615 ", tasks, p.started_at / tick, p.space.mapped_bytes(),
            p.space.resident_bytes() / page_size);
  // startcode … cnswap: not shown to readers without ptrace rights on Linux either.
  out.print("1 1 0 0 0 0 0 0 0 0 0 0 17 {} 0 0 0 0 0 0 0 0 0 0 0 0 0\n", thread.cpu.load());
}

result<> put_status(text_sink& out, sched::thread& thread) {
  process& p = current_process();
  const credentials& c = p.identity;
  u32 tasks = 0;
  signal_set pending, ignored = 0, caught = 0, thread_pending = 0, blocked = 0;
  {
    lock::guard g(p.signal_lock);
    for (task_link& link : p.tasks) {
      auto& t = static_cast<task&>(link);
      ++tasks;
      if (t.id == thread.id) {
        thread_pending = t.pending.set;
        blocked = t.blocked;
      }
    }
    pending = p.pending.set;
    for (int n = 1; n <= signals_max; ++n) {
      if (p.actions[n].handler == 1) ignored |= bit_of(n);
      if (p.actions[n].handler > 1) caught |= bit_of(n);
    }
  }
  const u64 mapped = p.space.mapped_bytes() / 1024, resident = p.space.resident_bytes() / 1024;
  out.print("Name:\t{}\nUmask:\t{:04}\nState:\tR (running)\nTgid:\t{}\nNgid:\t0\nPid:\t{}\nPPid:\t0\nTracerPid:\t0\n",
            string_view(thread.name), p.file_mode_mask.load() / 64 * 100 + p.file_mode_mask.load() / 8 % 8 * 10 + p.file_mode_mask.load() % 8,
            p.id, thread.id);
  out.print("Uid:\t{}\t{}\t{}\t{}\nGid:\t{}\t{}\t{}\t{}\nFDSize:\t{}\nGroups:\t", c.real_user, c.effective_user, c.saved_user,
            c.effective_user, c.real_group, c.effective_group, c.saved_group, c.effective_group, p.files.count() < 64 ? 64 : p.files.count());
  for (const u32 group : p.groups) out.print("{} ", group);
  out.print("\nNStgid:\t{}\nNSpid:\t{}\nNSpgid:\t{}\nNSsid:\t{}\n", p.id, thread.id, p.id, p.id);
  out.print("VmPeak:\t{:8} kB\nVmSize:\t{:8} kB\nVmLck:\t       0 kB\nVmPin:\t       0 kB\nVmHWM:\t{:8} kB\nVmRSS:\t{:8} kB\n", mapped, mapped,
            resident, resident);
  out.print("RssAnon:\t{:8} kB\nRssFile:\t       0 kB\nRssShmem:\t       0 kB\nVmData:\t{:8} kB\nVmStk:\t    8192 kB\n", resident, mapped);
  out.print("VmExe:\t       0 kB\nVmLib:\t       0 kB\nVmPTE:\t{:8} kB\nVmSwap:\t       0 kB\nHugetlbPages:\t       0 kB\n",
            memory::statistics().page_table_bytes / 1024);
  out.print("CoreDumping:\t0\nTHP_enabled:\t1\nThreads:\t{}\nSigQ:\t0/{}\n", tasks, p.limits[resource::pending_signals].soft);
  out.print("SigPnd:\t{:016x}\nShdPnd:\t{:016x}\nSigBlk:\t{:016x}\nSigIgn:\t{:016x}\nSigCgt:\t{:016x}\n", thread_pending, pending, blocked,
            ignored, caught);
  out.print("CapInh:\t{:016x}\nCapPrm:\t{:016x}\nCapEff:\t{:016x}\nCapBnd:\t{:016x}\nCapAmb:\t{:016x}\n", p.capabilities.inheritable,
            p.capabilities.permitted, p.capabilities.effective, capability_sets::all, u64{0});
  out.print("NoNewPrivs:\t{}\nSeccomp:\t0\nSeccomp_filters:\t0\nSpeculation_Store_Bypass:\tnot vulnerable\n",
            p.attributes.no_new_privileges ? 1 : 0);
  out.put("Cpus_allowed:\t");
  const u64 online = arch::cpu_count >= 64 ? ~0ull : (1ull << arch::cpu_count) - 1;
  put_cpu_mask(out, thread.affinity.load() & online);
  out.put("\nCpus_allowed_list:\t");
  put_cpu_list(out, arch::cpu_count);
  out.print("\nMems_allowed:\t1\nMems_allowed_list:\t0\nvoluntary_ctxt_switches:\t{}\nnonvoluntary_ctxt_switches:\t0\n", thread.context_switches);
  return {};
}

result<> register_process_files() {
  for (const text_file& f : files) TRY(vfs::proc().add_file(f.path, f.generate));
  TRY(vfs::proc().add("1/oom_score_adj", vfs::generated_item::writable_file(
                                                [](text_sink& out) -> result<> {
                                                  out.print("{}\n", oom_score_adjustment.load());
                                                  return {};
                                                },
                                                &set_oom_score_adjustment)));
  TRY(vfs::proc().add("1/comm", vfs::generated_item::writable_file(
                                       [](text_sink& out) -> result<> {
                                         out.print("{}\n", string_view(first_thread()->name));
                                         return {};
                                       },
                                       [](string_view text) -> result<> {
                                         const ref<sched::thread> thread = first_thread();
                                         auto& name = thread->name;
                                         if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
                                         const usize n = text.size() < sizeof name - 1 ? text.size() : sizeof name - 1;
                                         __builtin_memcpy(name, text.data(), n);
                                         name[n] = 0;
                                         return {};
                                       })));
  TRY(vfs::proc().add_link("1/exe", [](text_sink& out) -> result<> {
    out.put(current_process().executable);
    return {};
  }));
  TRY(vfs::proc().add_link("1/root", [](text_sink& out) -> result<> {
    out.put("/");
    return {};
  }));
  TRY(vfs::proc().add_link("1/cwd", [](text_sink& out) -> result<> {
    const string path = TRY(current_process().working_directory.path());
    out.put(path);
    return {};
  }));
  TRY(vfs::proc().add_link("self", [](text_sink& out) -> result<> {
    out.put("1");
    return {};
  }));
  return vfs::proc().add_link("thread-self", [](text_sink& out) -> result<> {
    out.print("1/task/{}", sched::current().id);
    return {};
  });
}

result<> initialize_proc() {
  TRY(register_process_files());
  TRY(register_thread_files());
  TRY(register_descriptor_files());
  TRY(register_system_files());
  TRY(register_kernel_settings());
  TRY(register_network_files());
  return register_processor_files();
}

}  // namespace osv::linux_abi
