// /proc/self/fd and /proc/self/fdinfo.
#include "linux/epoll.hh"
#include "linux/event_file.hh"
#include "linux/inotify_file.hh"
#include "linux/proc/proc.hh"
#include "linux/process.hh"
#include "linux/task.hh"

namespace osv::linux_abi {

namespace {

using vfs::generated_item;
using vfs::text_sink;

result<int> descriptor_of(string_view name) {
  int fd = 0;
  if (name.empty() || (name.size() > 1 && name[0] == '0')) return fail(errc::no_entry);
  for (char c : name) {
    if (c < '0' || c > '9' || fd > 10000000) return fail(errc::no_entry);
    fd = fd * 10 + (c - '0');
  }
  return fd;
}

result<> list_descriptors(generated_item::kind kind, function_ref<bool(string_view, generated_item::kind)> sink) {
  descriptor_table& files = current_process().files;
  for (int fd = files.next_open(0); fd >= 0; fd = files.next_open(fd + 1))
    if (!sink(formatted<12>("{}", fd).view(), kind)) break;
  return {};
}

class descriptor_links final : public vfs::generated_provider {
 public:
  result<generated_item> find(u64, string_view name) override {
    ref<io::file> file = current_process().files.find(TRY(descriptor_of(name)));
    if (!file) return fail(errc::no_entry);
    return generated_item::file_link(std::move(file));
  }
  result<> list(u64, function_ref<bool(string_view, generated_item::kind)> sink) override {
    return list_descriptors(generated_item::kind::link, sink);
  }
};

result<> describe(int fd, text_sink& out) {
  const ref<io::file> file = TRY(current_process().files.get(fd));
  const auto position = file->seek(0, 1);
  u32 flags = file->flags();
  if (TRY(current_process().files.close_on_exec(fd))) flags |= io::open_flag::close_on_exec;
  out.print("pos:\t{}\nflags:\t0", position.ok() ? position.value() : 0);
  char digits[12];
  usize n = 0;
  do digits[n++] = static_cast<char>('0' + flags % 8);
  while (flags /= 8);
  while (n) out.put(digits[--n]);
  out.put("\nmnt_id:\t1\n");
  if (auto* epoll = io::downcast<epoll_file>(*file))
    epoll->visit([&](int target, u32 events, u64 data) { out.print("tfd: {:8} events: {:8x} data: {:16x}\n", target, events, data); });
  if (auto* inotify = io::downcast<inotify_file>(*file))
    inotify->visit([&](const vfs::watch& w) {
      out.print("inotify wd:{:x} ino:{:x} sdev:{:x} mask:{:x} ignored_mask:0\n", static_cast<u32>(w.number), w.node->number(),
                w.node->owner().device(), w.events & vfs::watch_event::all);
    });
  return {};
}

class descriptor_descriptions final : public vfs::generated_provider {
 public:
  result<generated_item> find(u64, string_view name) override {
    const int fd = TRY(descriptor_of(name));
    if (!current_process().files.find(fd)) return fail(errc::no_entry);
    return generated_item::file([fd](text_sink& out) { return describe(fd, out); });
  }
  result<> list(u64, function_ref<bool(string_view, generated_item::kind)> sink) override {
    return list_descriptors(generated_item::kind::file, sink);
  }
};

}  // namespace

result<> register_descriptor_files() {
  auto* links = new (std::nothrow) descriptor_links;
  auto* descriptions = new (std::nothrow) descriptor_descriptions;
  if (!links || !descriptions) return fail(errc::no_memory);
  TRY(vfs::proc().add_directory("1/fd", *links));
  return vfs::proc().add_directory("1/fdinfo", *descriptions);
}

}  // namespace osv::linux_abi
