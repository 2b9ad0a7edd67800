// inotify(7): inotify_init(2), inotify_add_watch(2), inotify_rm_watch(2).
#include "linux/inotify_file.hh"
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"

namespace osv::linux_abi {

namespace {

using namespace io::open_flag;

/// What inotify_add_watch(2) takes beside events.
constexpr u32 only_directory = 0x01000000, no_follow_link = 0x02000000, except_unlinked = 0x04000000;
constexpr u32 mask_create = 0x10000000, mask_add = 0x20000000, one_shot = 0x80000000;
constexpr u32 known = vfs::watch_event::all | vfs::watch_event::unmount | vfs::watch_event::overflow | vfs::watch_event::ignored |
                      vfs::watch_event::directory | only_directory | no_follow_link | except_unlinked | mask_create | mask_add | one_shot;

struct inotify_reference {
  ref<io::file> file;
  inotify_file* inotify;
};
result<inotify_reference> inotify_of(int fd) {
  ref<io::file> file = TRY(file_of(fd));
  auto* inotify = io::downcast<inotify_file>(*file);
  if (!inotify) return fail(errc::invalid);
  return inotify_reference{std::move(file), inotify};
}

}  // namespace

result<int> sys_inotify_init1(u32 flags) {
  if (flags & ~(close_on_exec | non_blocking)) return fail(errc::invalid);
  return current_process().files.install(TRY(inotify_file::create(flags & non_blocking)), flags & close_on_exec);
}
result<int> sys_inotify_init() { return sys_inotify_init1(0); }

result<int> sys_inotify_add_watch(int fd, const char* path, u32 mask) {
  // At least one bit that means something; others are ignored.
  if (!(mask & known)) return fail(errc::invalid);
  const inotify_reference instance = TRY(inotify_of(fd));
  if (mask & mask_add && mask & mask_create) return fail(errc::invalid);
  const auto at = TRY(path_argument::from(at_current_directory, path));
  vfs::watch_group::request wanted;
  wanted.events = mask & vfs::watch_event::all;
  wanted.one_shot = mask & one_shot;
  wanted.except_unlinked = mask & except_unlinked;
  wanted.add = mask & mask_add;
  wanted.create_only = mask & mask_create;
  wanted.follow = !(mask & no_follow_link);
  wanted.directory_only = mask & only_directory;
  return instance.inotify->add(at.base, at.path, wanted);
}

result<> sys_inotify_rm_watch(int fd, int watch) {
  const inotify_reference instance = TRY(inotify_of(fd));
  return instance.inotify->remove(watch);
}

}  // namespace osv::linux_abi
