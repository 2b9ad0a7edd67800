// /proc/cpuinfo and /sys: processors, nodes, huge pages.
#include "linux/proc/proc.hh"
#include "memory/frames.hh"

namespace osv::linux_abi {

using vfs::text_sink;

void put_cpu_list(text_sink& out, unsigned count) {
  if (count == 1)
    out.put('0');
  else
    out.print("0-{}", count - 1);
}

void put_cpu_mask(text_sink& out, u64 mask) {
  if (arch::cpu_count > 32)
    out.print("{:x},{:08x}", mask >> 32, mask & 0xffffffff);
  else
    out.print("{:x}", mask);
}

namespace {

result<> all_cpus(text_sink& out) {
  put_cpu_list(out, arch::cpu_count);
  out.put('\n');
  return {};
}

/// Files of /sys/devices/system/cpu/cpuN. Every virtual CPU counts as a core of one package.
struct cpu_file {
  const char* name;
  void (*put)(text_sink& out, unsigned cpu);
};
constexpr cpu_file cpu_files[] = {
    {"online", [](text_sink& out, unsigned) { out.put("1\n"); }},
    {"topology/physical_package_id", [](text_sink& out, unsigned) { out.put("0\n"); }},
    {"topology/die_id", [](text_sink& out, unsigned) { out.put("0\n"); }},
    {"topology/core_id", [](text_sink& out, unsigned cpu) { out.print("{}\n", cpu); }},
    {"topology/thread_siblings_list", [](text_sink& out, unsigned cpu) { out.print("{}\n", cpu); }},
    {"topology/core_cpus_list", [](text_sink& out, unsigned cpu) { out.print("{}\n", cpu); }},
    {"topology/core_siblings_list", [](text_sink& out, unsigned) { (void)all_cpus(out); }},
    {"topology/package_cpus_list", [](text_sink& out, unsigned) { (void)all_cpus(out); }},
    {"topology/thread_siblings",
     [](text_sink& out, unsigned cpu) {
       put_cpu_mask(out, 1ull << cpu);
       out.put('\n');
     }},
    {"topology/core_cpus",
     [](text_sink& out, unsigned cpu) {
       put_cpu_mask(out, 1ull << cpu);
       out.put('\n');
     }},
    {"topology/core_siblings",
     [](text_sink& out, unsigned) {
       put_cpu_mask(out, arch::cpu_count >= 64 ? ~0ull : (1ull << arch::cpu_count) - 1);
       out.put('\n');
     }},
};

/// What runtimes size their structures by: usual figures of servers, as the hypervisor's caches are not the guest's.
struct cache {
  const char *level, *type, *size;
};
constexpr cache caches[] = {{"1\n", "Data\n", "32K\n"}, {"1\n", "Instruction\n", "32K\n"}, {"2\n", "Unified\n", "1024K\n"}, {"3\n", "Unified\n", "16384K\n"}};

result<> register_caches(unsigned cpu) {
  vfs::generated_tree& sys = vfs::sys();
  for (unsigned i = 0; i < std::size(caches); ++i) {
    const auto path = [&](const char* name) { return formatted<96>("devices/system/cpu/cpu{}/cache/index{}/{}", cpu, i, name); };
    TRY(sys.add_text(path("level"), caches[i].level));
    TRY(sys.add_text(path("type"), caches[i].type));
    TRY(sys.add_text(path("size"), caches[i].size));
    TRY(sys.add_text(path("coherency_line_size"), "64\n"));
    const bool shared = i == 3;
    TRY(sys.add_file(path("shared_cpu_list"), [cpu, shared](text_sink& out) -> result<> {
      if (shared) return all_cpus(out);
      out.print("{}\n", cpu);
      return {};
    }));
    TRY(sys.add_file(path("shared_cpu_map"), [cpu, shared](text_sink& out) -> result<> {
      put_cpu_mask(out, !shared ? 1ull << cpu : arch::cpu_count >= 64 ? ~0ull : (1ull << arch::cpu_count) - 1);
      out.put('\n');
      return {};
    }));
  }
  return {};
}

result<> register_node() {
  vfs::generated_tree& sys = vfs::sys();
  for (const char* name : {"online", "possible", "has_cpu", "has_memory", "has_normal_memory"})
    TRY(sys.add_text(formatted<64>("devices/system/node/{}", name), "0\n"));
  TRY(sys.add_file("devices/system/node/node0/cpulist", &all_cpus));
  TRY(sys.add_file("devices/system/node/node0/cpumap", [](text_sink& out) -> result<> {
    put_cpu_mask(out, arch::cpu_count >= 64 ? ~0ull : (1ull << arch::cpu_count) - 1);
    out.put('\n');
    return {};
  }));
  TRY(sys.add_text("devices/system/node/node0/distance", "10\n"));
  return sys.add_file("devices/system/node/node0/meminfo", [](text_sink& out) -> result<> {
    const auto m = memory::statistics();
    out.print("Node 0 MemTotal:       {} kB\nNode 0 MemFree:        {} kB\nNode 0 MemUsed:        {} kB\n", m.total_bytes / 1024,
              m.free_bytes / 1024, (m.total_bytes - m.free_bytes) / 1024);
    return {};
  });
}

}  // namespace

result<> register_processor_files() {
  vfs::generated_tree& sys = vfs::sys();
  TRY(vfs::proc().add_file("cpuinfo", [](text_sink& out) -> result<> {
    for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu) put_processor(out, cpu);
    return {};
  }));
  for (const char* name : {"online", "possible", "present"})
    TRY(sys.add_file(formatted<64>("devices/system/cpu/{}", name), &all_cpus));
  TRY(sys.add_text("devices/system/cpu/offline", "\n"));
  TRY(sys.add_text("devices/system/cpu/isolated", "\n"));
  TRY(sys.add_text("devices/system/cpu/kernel_max", "63\n"));
  for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu) {
    for (const cpu_file& f : cpu_files) {
      const auto put = f.put;
      TRY(sys.add_file(formatted<96>("devices/system/cpu/cpu{}/{}", cpu, f.name), [put, cpu](text_sink& out) -> result<> {
        put(out, cpu);
        return {};
      }));
    }
    TRY(register_caches(cpu));
  }
  TRY(register_node());
  // 2 MiB pages are given wherever an area is aligned and large enough, unless madvise(2) says no.
  TRY(sys.add_text("kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n"));
  TRY(sys.add_text("kernel/mm/transparent_hugepage/defrag", "always defer defer+madvise madvise [never]\n"));
  TRY(sys.add_text("kernel/mm/transparent_hugepage/shmem_enabled", "always within_size advise [never] deny force\n"));
  return sys.add_text("kernel/mm/transparent_hugepage/hpage_pmd_size", "2097152\n");
}

}  // namespace osv::linux_abi
