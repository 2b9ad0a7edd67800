// /proc/self/task: a directory a thread, made when looked at.
#include "linux/proc/proc.hh"
#include "linux/process.hh"
#include "linux/task.hh"
#include "linux/thread_lookup.hh"

namespace osv::linux_abi {

namespace {

using vfs::generated_item;
using vfs::text_sink;

result<> thread_text(u32 id, text_sink& out, result<> (*put)(text_sink&, sched::thread&)) {
  const ref<sched::thread> thread = TRY(program_thread(id));
  return put(out, *thread);
}

/// Files of one thread, by name.
struct thread_file {
  const char* name;
  result<> (*put)(text_sink&, sched::thread&);
};
constexpr thread_file files[] = {
    {"stat",
     [](text_sink& out, sched::thread& t) -> result<> {
       put_stat_line(out, t, false);
       return {};
     }},
    {"status", put_status},
    {"comm",
     [](text_sink& out, sched::thread& t) -> result<> {
       out.print("{}\n", string_view(t.name));
       return {};
     }},
    {"children", [](text_sink&, sched::thread&) -> result<> { return {}; }},
    {"cgroup",
     [](text_sink& out, sched::thread&) -> result<> {
       out.put("0::/\n");
       return {};
     }},
    {"schedstat",
     [](text_sink& out, sched::thread& t) -> result<> {
       out.print("{} 0 {}\n", sched::runtime(t), t.context_switches);
       return {};
     }},
};

result<> rename_thread(u32 id, string_view text) {
  const ref<sched::thread> thread = TRY(program_thread(id));
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const usize n = text.size() < sizeof thread->name - 1 ? text.size() : sizeof thread->name - 1;
  __builtin_memcpy(thread->name, text.data(), n);
  thread->name[n] = 0;
  return {};
}

class one_thread final : public vfs::generated_provider {
 public:
  result<generated_item> find(u64 argument, string_view name) override {
    const auto id = static_cast<u32>(argument);
    for (const thread_file& f : files) {
      if (name != f.name) continue;
      const auto put = f.put;
      const auto generate = [id, put](text_sink& out) { return thread_text(id, out, put); };
      if (name != "comm") return generated_item::file(generate);
      return generated_item::writable_file(generate, [id](string_view text) { return rename_thread(id, text); });
    }
    return fail(errc::no_entry);
  }
  result<> list(u64, function_ref<bool(string_view, generated_item::kind)> sink) override {
    for (const thread_file& f : files)
      if (!sink(f.name, generated_item::kind::file)) break;
    return {};
  }
};

class all_threads final : public vfs::generated_provider {
 public:
  result<generated_item> find(u64, string_view name) override {
    u32 id = 0;
    for (char c : name) {
      if (c < '0' || c > '9' || id > 100000000) return fail(errc::no_entry);
      id = id * 10 + static_cast<u32>(c - '0');
    }
    if (!id || !find_program_thread(id)) return fail(errc::no_entry);
    return generated_item::directory(thread_, id);
  }
  result<> list(u64, function_ref<bool(string_view, generated_item::kind)> sink) override {
    vector<u32> ids;
    TRY(ids.reserve(sched::thread_count() + 16));
    sched::for_each_thread([&](sched::thread& t) {
      if (t.program_data && ids.size() < ids.capacity()) (void)ids.push_back(t.id);
    });
    for (const u32 id : ids)
      if (!sink(formatted<12>("{}", id).view(), generated_item::kind::directory)) break;
    return {};
  }

 private:
  one_thread thread_;
};

}  // namespace

result<> register_thread_files() {
  auto* provider = new (std::nothrow) all_threads;
  if (!provider) return fail(errc::no_memory);
  return vfs::proc().add_directory("1/task", *provider);
}

}  // namespace osv::linux_abi
