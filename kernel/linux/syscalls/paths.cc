// Calls that change the tree by path: mkdir(2), unlink(2), rename(2), link(2), chmod(2), chown(2), utimensat(2), truncate(2)…
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"

namespace osv::linux_abi {

namespace {

constexpr int here = at_current_directory;

u32 without_umask(u32 mode) { return mode & ~current_process().file_mode_mask.load(std::memory_order_relaxed); }

result<> check_flags(u32 flags, u32 known) {
  if (flags & ~known) return fail(errc::invalid);
  return {};
}

}  // namespace

result<> sys_mkdirat(int directory, const char* path, u32 mode) {
  const auto at = TRY(path_argument::from(directory, path));
  return vfs::make_directory(at.base, at.path, without_umask(mode) & 01777);
}
result<> sys_mkdir(const char* path, u32 mode) { return sys_mkdirat(here, path, mode); }

result<> sys_rmdir(const char* path) {
  const auto at = TRY(path_argument::from(here, path));
  return vfs::remove_directory(at.base, at.path);
}

result<> sys_unlinkat(int directory, const char* path, u32 flags) {
  TRY(check_flags(flags, vfs::at_flag::remove_directory));
  const auto at = TRY(path_argument::from(directory, path));
  return flags ? vfs::remove_directory(at.base, at.path) : vfs::unlink(at.base, at.path);
}
result<> sys_unlink(const char* path) { return sys_unlinkat(here, path, 0); }

result<> sys_mknodat(int directory, const char* path, u32 mode, u64 device) {
  const auto at = TRY(path_argument::from(directory, path));
  const u32 type = mode & io::mode::type_mask;
  if (type == io::mode::directory) return fail(errc::not_permitted);
  return vfs::make_node(at.base, at.path, (type ? type : io::mode::regular) | (without_umask(mode) & 07777), device);
}
result<> sys_mknod(const char* path, u32 mode, u64 device) { return sys_mknodat(here, path, mode, device); }

result<> sys_renameat2(int from_directory, const char* from, int to_directory, const char* to, u32 flags) {
  TRY(check_flags(flags, vfs::rename_flag::no_replace | vfs::rename_flag::exchange));
  if (flags == (vfs::rename_flag::no_replace | vfs::rename_flag::exchange)) return fail(errc::invalid);
  const auto source = TRY(path_argument::from(from_directory, from));
  const auto target = TRY(path_argument::from(to_directory, to));
  return vfs::rename(source.base, source.path, target.base, target.path, flags);
}
result<> sys_renameat(int from_directory, const char* from, int to_directory, const char* to) {
  return sys_renameat2(from_directory, from, to_directory, to, 0);
}
result<> sys_rename(const char* from, const char* to) { return sys_renameat2(here, from, here, to, 0); }

result<> sys_linkat(int from_directory, const char* from, int to_directory, const char* to, u32 flags) {
  TRY(check_flags(flags, vfs::at_flag::symlink_follow | vfs::at_flag::empty_path));
  const auto source = TRY(path_argument::from(from_directory, from));
  const auto target = TRY(path_argument::from(to_directory, to));
  return vfs::link(source.base, source.path, target.base, target.path, flags);
}
result<> sys_link(const char* from, const char* to) { return sys_linkat(here, from, here, to, 0); }

result<> sys_symlinkat(const char* target, int directory, const char* path) {
  const string text = TRY(path_from(target));
  if (text.empty()) return fail(errc::no_entry);
  const auto at = TRY(path_argument::from(directory, path));
  return vfs::symlink(text, at.base, at.path);
}
result<> sys_symlink(const char* target, const char* path) { return sys_symlinkat(target, here, path); }

result<usize> sys_readlinkat(int directory, const char* path, char* into, i32 size) {
  if (size <= 0) return fail(errc::invalid);
  const auto at = TRY(path_argument::from(directory, path));
  const string target = TRY(vfs::read_link(at.base, at.path));
  const usize n = target.size() < static_cast<usize>(size) ? target.size() : static_cast<usize>(size);
  TRY(memory::copy_to_program(into, target.c_str(), n));
  return n;
}
result<usize> sys_readlink(const char* path, char* into, i32 size) { return sys_readlinkat(here, path, into, size); }

result<> sys_fchmodat2(int directory, const char* path, u32 mode, u32 flags) {
  TRY(check_flags(flags, vfs::at_flag::symlink_no_follow | vfs::at_flag::empty_path));
  const auto at = TRY(path_argument::from(directory, path));
  return vfs::change_mode(at.base, at.path, mode & 07777, flags);
}
result<> sys_fchmodat(int directory, const char* path, u32 mode) { return sys_fchmodat2(directory, path, mode, 0); }
result<> sys_chmod(const char* path, u32 mode) { return sys_fchmodat2(here, path, mode, 0); }
result<> sys_fchmod(int fd, u32 mode) { return vfs::change_mode(*TRY(file_of(fd)), mode & 07777); }

result<> sys_fchownat(int directory, const char* path, u32 user, u32 group, u32 flags) {
  TRY(check_flags(flags, vfs::at_flag::symlink_no_follow | vfs::at_flag::empty_path));
  const auto at = TRY(path_argument::from(directory, path));
  return vfs::change_owner(at.base, at.path, user, group, flags);
}
result<> sys_chown(const char* path, u32 user, u32 group) { return sys_fchownat(here, path, user, group, 0); }
result<> sys_lchown(const char* path, u32 user, u32 group) {
  return sys_fchownat(here, path, user, group, vfs::at_flag::symlink_no_follow);
}
result<> sys_fchown(int fd, u32 user, u32 group) { return vfs::change_owner(*TRY(file_of(fd)), user, group); }

namespace {

using optional_time = std::optional<io::time_stamp>;

io::time_stamp stamp_of(nanoseconds value) { return {value / second, static_cast<u32>(value % second)}; }

/// One of utimensat(2)'s two times.
result<optional_time> time_argument(const linux_timespec& t) {
  constexpr i64 utime_now = 0x3fffffff, utime_omit = 0x3ffffffe;
  if (t.nanoseconds == utime_omit) return optional_time{};
  if (t.nanoseconds == utime_now) return optional_time{stamp_of(sched::realtime())};
  if (t.nanoseconds < 0 || t.nanoseconds >= second) return fail(errc::invalid);
  return optional_time{{t.seconds, static_cast<u32>(t.nanoseconds)}};
}

result<> set_times_at(int directory, const char* path, optional_time accessed, optional_time modified, u32 flags) {
  if (!path) return vfs::set_times(*TRY(file_of(directory)), accessed, modified);
  const auto at = TRY(path_argument::from(directory, path));
  return vfs::set_times(at.base, at.path, accessed, modified, flags);
}

result<> set_times_in_microseconds(int directory, const char* path, const linux_timeval* times) {
  optional_time accessed = stamp_of(sched::realtime()), modified = accessed;
  if (times) {
    linux_timeval t[2];
    TRY(memory::copy_from_program(t, times, sizeof t));
    for (const auto& one : t)
      if (one.microseconds < 0 || one.microseconds >= 1000000) return fail(errc::invalid);
    accessed = {t[0].seconds, static_cast<u32>(t[0].microseconds * 1000)};
    modified = {t[1].seconds, static_cast<u32>(t[1].microseconds * 1000)};
  }
  return set_times_at(directory, path, accessed, modified, 0);
}

}  // namespace

result<> sys_utimensat(int directory, const char* path, const linux_timespec* times, u32 flags) {
  TRY(check_flags(flags, vfs::at_flag::symlink_no_follow | vfs::at_flag::empty_path));
  optional_time accessed = stamp_of(sched::realtime()), modified = accessed;
  if (times) {
    linux_timespec t[2];
    TRY(memory::copy_from_program(t, times, sizeof t));
    accessed = TRY(time_argument(t[0]));
    modified = TRY(time_argument(t[1]));
    if (!accessed && !modified) return {};
  }
  return set_times_at(directory, path, accessed, modified, flags);
}
result<> sys_utimes(const char* path, const linux_timeval* times) { return set_times_in_microseconds(here, path, times); }
result<> sys_futimesat(int directory, const char* path, const linux_timeval* times) {
  return set_times_in_microseconds(directory, path, times);
}
result<> sys_utime(const char* path, const i64* times) {
  optional_time accessed = stamp_of(sched::realtime()), modified = accessed;
  if (times) {
    i64 seconds[2];
    TRY(memory::copy_from_program(seconds, times, sizeof seconds));
    accessed = {seconds[0], 0};
    modified = {seconds[1], 0};
  }
  return set_times_at(here, path, accessed, modified, 0);
}

result<> sys_truncate(const char* path, i64 size) {
  if (size < 0) return fail(errc::invalid);
  const auto at = TRY(path_argument::from(here, path));
  return vfs::truncate(at.base, at.path, static_cast<u64>(size));
}
result<> sys_ftruncate(int fd, i64 size) {
  if (size < 0) return fail(errc::invalid);
  const auto file = TRY(file_of(fd));
  if (!file->writable()) return fail(errc::invalid);
  return file->truncate(static_cast<u64>(size));
}
result<> sys_fallocate(int fd, int mode, i64 offset, i64 size) {
  if (offset < 0 || size <= 0) return fail(errc::invalid);
  if (offset > INT64_MAX - size) return fail(errc::file_too_big);
  const auto file = TRY(file_of(fd));
  if (!file->writable()) return fail(errc::bad_file);
  return file->allocate(mode, static_cast<u64>(offset), static_cast<u64>(size));
}

result<> sys_fsync(int fd) { return TRY(file_of(fd))->sync(false); }
result<> sys_fdatasync(int fd) { return TRY(file_of(fd))->sync(true); }
result<> sys_sync_file_range(int fd, i64 offset, i64 size, u32 flags) {
  if (offset < 0 || size < 0 || flags & ~7u) return fail(errc::invalid);
  return TRY(file_of(fd))->sync(true);
}
/// sync(2) never fails.
result<> sys_sync() {
  (void)vfs::sync_all();
  return {};
}
result<> sys_syncfs(int fd) { return vfs::sync_file_system(*TRY(file_of(fd))); }

result<u32> sys_umask(u32 mask) { return current_process().file_mode_mask.exchange(mask & 0777); }

}  // namespace osv::linux_abi
