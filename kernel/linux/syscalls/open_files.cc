// open(2) and descriptors: dup(2), fcntl(2), ioctl(2), flock(2), pipe(2), close_range(2), memfd_create(2).
#include "linux/file_locks.hh"
#include "linux/signal_driven_io.hh"
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"

namespace osv::linux_abi {

namespace {

using namespace io::open_flag;

descriptor_table& descriptors() { return current_process().files; }

result<int> open_at(int directory, const char* path_pointer, u32 flags, u32 mode) {
  const path_argument at = TRY(path_argument::from(directory, path_pointer));
  const u32 umask = current_process().file_mode_mask.load(std::memory_order_relaxed);
  ref<io::file> file = TRY(vfs::open(at.base, at.path, flags | large_file, mode & ~umask & 07777));
  return descriptors().install(std::move(file), flags & close_on_exec);
}

}  // namespace

result<int> sys_open(const char* path, u32 flags, u32 mode) { return open_at(at_current_directory, path, flags, mode); }
result<int> sys_openat(int directory, const char* path, u32 flags, u32 mode) { return open_at(directory, path, flags, mode); }
result<int> sys_creat(const char* path, u32 mode) {
  return open_at(at_current_directory, path, create | write_only | truncate, mode);
}

result<int> sys_openat2(int directory, const char* path, const void* how, usize size) {
  struct {
    u64 flags, mode, resolve;
  } request{};
  if (size < sizeof request) return fail(errc::invalid);
  if (size > sizeof request) return fail(errc::argument_list_too_long);
  TRY(memory::copy_from_program(&request, how, sizeof request));
  // Restricted resolution (RESOLVE_*) is not there: callers fall back on ENOSYS.
  if (request.resolve) return fail(errc::not_implemented);
  if (request.flags >> 32 || request.mode & ~07777ull) return fail(errc::invalid);
  return open_at(directory, path, static_cast<u32>(request.flags), static_cast<u32>(request.mode));
}

result<> sys_close(int fd) { return descriptors().close(fd); }

result<> sys_close_range(u32 first, u32 last, u32 flags) {
  constexpr u32 flag_unshare = 2, flag_close_on_exec = 4;
  if (flags & ~(flag_unshare | flag_close_on_exec) || first > last) return fail(errc::invalid);
  if (flags & flag_close_on_exec)
    descriptors().mark_close_on_exec(first, last);
  else
    descriptors().close_range(first, last);
  return {};
}

result<int> sys_dup(int fd) { return descriptors().install(TRY(file_of(fd)), false); }

result<int> sys_dup2(int from, int to) {
  ref<io::file> file = TRY(file_of(from));
  if (from == to) return to;
  TRY(descriptors().replace(to, std::move(file), false));
  return to;
}

result<int> sys_dup3(int from, int to, u32 flags) {
  if (from == to || flags & ~close_on_exec) return fail(errc::invalid);
  TRY(descriptors().replace(to, TRY(file_of(from)), flags & close_on_exec));
  return to;
}

result<> sys_pipe2(int* into, u32 flags) {
  if (flags & ~(close_on_exec | non_blocking | direct)) return fail(errc::invalid);
  vfs::pipe_pair pipe = TRY(vfs::create_pipe(flags & (non_blocking | direct)));
  const bool marked = flags & close_on_exec;
  int fds[2];
  fds[0] = TRY(descriptors().install(std::move(pipe.read_end), marked));
  auto second = descriptors().install(std::move(pipe.write_end), marked);
  if (second.ok()) {
    fds[1] = second.value();
    auto copied = memory::copy_to_program(into, fds, sizeof fds);
    if (copied.ok()) return {};
    second = fail(copied.error());
    (void)descriptors().close(fds[1]);
  }
  (void)descriptors().close(fds[0]);
  return fail(second.error());
}
result<> sys_pipe(int* into) { return sys_pipe2(into, 0); }

result<int> sys_memfd_create(const char* name_pointer, u32 flags) {
  constexpr u32 flag_close_on_exec = 1, flag_allow_sealing = 2, flag_no_exec_seal = 8, flag_exec = 16;
  constexpr usize name_max = 250;  // "memfd:" and the name fit NAME_MAX
  if (flags & ~(flag_close_on_exec | flag_allow_sealing | flag_no_exec_seal | flag_exec)) return fail(errc::invalid);
  auto name = memory::copy_string_from_program(name_pointer, name_max);
  if (!name.ok()) return fail(name.error() == errc::name_too_long ? errc::invalid : name.error());
  ref<io::file> file = TRY(vfs::create_memory_file(name.value()));
  return descriptors().install(std::move(file), flags & flag_close_on_exec);
}

namespace {

/// struct flock of x86-64 (fcntl(2)).
struct linux_flock {
  i16 type;  // F_RDLCK 0, F_WRLCK 1, F_UNLCK 2
  i16 whence;
  i64 start;
  i64 length;
  i32 process;
};

result<lock_range> range_of(io::file& file, const linux_flock& lock) {
  i64 start = lock.start;
  if (lock.whence == 1) {
    start += static_cast<i64>(TRY(file.seek(0, 1)));
  } else if (lock.whence == 2) {
    io::file_status status;
    TRY(file.stat(status));
    start += static_cast<i64>(status.size);
  } else if (lock.whence != 0) {
    return fail(errc::invalid);
  }
  i64 end = lock.length == 0 ? INT64_MAX : start + lock.length;
  if (lock.length < 0) std::swap(start, end);
  if (start < 0 || end < start) return fail(errc::invalid);
  return lock_range{start, end};
}

enum class lock_command { get, set, set_wait };

/// Record locks. The process's own (`F_SETLK`) never conflict: there is one process. Those of an open file description do.
result<> record_lock(io::file& file, lock_command command, void* argument, bool of_description) {
  auto lock = TRY(memory::read_program<linux_flock>(argument));
  const bool unlock = lock.type == 2;
  if (lock.type < 0 || lock.type > 2) return fail(errc::invalid);
  if (of_description && lock.process != 0) return fail(errc::invalid);
  const lock_range range = TRY(range_of(file, lock));
  if (command == lock_command::get) {
    std::optional<held_lock> conflict;
    if (of_description && !unlock) conflict = TRY(find_lock_conflict(file, lock_kind::description, range, lock.type == 1));
    if (!conflict) {
      lock.type = 2;
    } else {
      lock = {static_cast<i16>(conflict->exclusive), 0, conflict->range.start,
              conflict->range.end == INT64_MAX ? 0 : conflict->range.end - conflict->range.start, -1};
    }
    return memory::write_program(argument, lock);
  }
  if (lock.type == 0 && !file.readable()) return fail(errc::bad_file);
  if (lock.type == 1 && !file.writable()) return fail(errc::bad_file);
  if (!of_description) return {};
  if (unlock) return release_lock(file, lock_kind::description, range);
  return acquire_lock(file, lock_kind::description, range, lock.type == 1, command == lock_command::set_wait);
}

}  // namespace

namespace {

/// A negative number is a process group's (F_SETOWN).
result<io_owner> owner_from_number(i32 number) {
  if (number == INT32_MIN) return fail(errc::invalid);
  if (number < 0) return io_owner{io_owner::kind::group, -number};
  return io_owner{io_owner::kind::process, number};
}

i32 number_of(io_owner owner) { return owner.type == io_owner::kind::group ? -owner.id : owner.id; }

/// Files that send no signals keep the flag, and nothing comes of it.
result<> set_async(io::file& file, int fd, bool on) {
  auto set = set_signal_driven(file, fd, on);
  if (!set.ok() && set.error() != errc::not_terminal) return fail(set.error());
  return {};
}

}  // namespace

result<i64> sys_fcntl(int fd, u32 command, u64 argument) {
  const ref<io::file> file = TRY(file_of(fd));
  switch (command) {
    case 0:     // F_DUPFD
    case 1030:  // F_DUPFD_CLOEXEC
      if (argument > INT32_MAX) return fail(errc::invalid);
      return i64{TRY(descriptors().install(file, command == 1030, static_cast<int>(argument)))};
    case 1:  // F_GETFD
      return i64{TRY(descriptors().close_on_exec(fd))};
    case 2:  // F_SETFD
      TRY(descriptors().set_close_on_exec(fd, argument & 1));
      return i64{0};
    case 3:  // F_GETFL
      return static_cast<i64>(file->flags() & ~(close_on_exec | create | exclusive | io::open_flag::truncate | no_controlling_terminal));
    case 4: {  // F_SETFL
      const u32 flags = static_cast<u32>(argument);
      if ((flags ^ file->flags()) & io::open_flag::async) (void)TRY(set_async(*file, fd, flags & io::open_flag::async));
      file->set_flags(flags);
      return i64{0};
    }
    case 5:  // F_GETLK
    case 6:  // F_SETLK
    case 7:  // F_SETLKW
      TRY(record_lock(*file, static_cast<lock_command>(command - 5), reinterpret_cast<void*>(argument), false));
      return i64{0};
    case 36:  // F_OFD_GETLK
    case 37:  // F_OFD_SETLK
    case 38:  // F_OFD_SETLKW
      TRY(record_lock(*file, static_cast<lock_command>(command - 36), reinterpret_cast<void*>(argument), true));
      return i64{0};
    case 8:  // F_SETOWN
      TRY(set_io_owner(*file, TRY(owner_from_number(static_cast<i32>(argument)))));
      return i64{0};
    case 9:  // F_GETOWN
      return i64{number_of(io_owner_of(*file))};
    case 10:  // F_SETSIG
      TRY(set_io_signal(*file, argument));
      return i64{0};
    case 11:  // F_GETSIG
      return i64{io_signal_of(*file)};
    case 15: {  // F_SETOWN_EX
      const auto owner = TRY(memory::read_program<io_owner>(reinterpret_cast<const void*>(argument)));
      if (owner.type < io_owner::kind::thread || owner.type > io_owner::kind::group) return fail(errc::invalid);
      TRY(set_io_owner(*file, owner));
      return i64{0};
    }
    case 16:  // F_GETOWN_EX
      TRY(memory::write_program(reinterpret_cast<void*>(argument), io_owner_of(*file)));
      return i64{0};
    case 1031:  // F_SETPIPE_SZ
      if (argument > INT32_MAX) return fail(errc::invalid);
      return i64{TRY(vfs::set_pipe_capacity(*file, static_cast<u32>(argument)))};
    case 1032:  // F_GETPIPE_SZ
      return i64{TRY(vfs::pipe_capacity(*file))};
    default:  // seals, leases, notifications
      return fail(errc::invalid);
  }
}

result<i64> sys_ioctl(int fd, u32 request, u64 argument) {
  const ref<io::file> file = TRY(file_of(fd));
  switch (request) {
    case 0x5450:  // FIONCLEX
    case 0x5451:  // FIOCLEX
      TRY(descriptors().set_close_on_exec(fd, request == 0x5451));
      return i64{0};
    case 0x5421: {  // FIONBIO
      const bool on = TRY(memory::read_program<int>(reinterpret_cast<void*>(argument))) != 0;
      file->set_flags(on ? file->flags() | non_blocking : file->flags() & ~non_blocking);
      return i64{0};
    }
    case 2: {  // FIGETBSZ
      io::file_status status;
      TRY(file->stat(status));
      TRY(memory::write_program(reinterpret_cast<void*>(argument), static_cast<i32>(status.block_size)));
      return i64{0};
    }
    case 0x5452:  // FIOASYNC
      TRY(set_signal_driven(*file, fd, TRY(memory::read_program<int>(reinterpret_cast<void*>(argument))) != 0));
      return i64{0};
    case 0x8901:  // FIOSETOWN
    case 0x8902:  // SIOCSPGRP
      if (!file->as_socket()) return fail(errc::not_terminal);
      TRY(set_io_owner(*file, TRY(owner_from_number(TRY(memory::read_program<i32>(reinterpret_cast<void*>(argument)))))));
      return i64{0};
    case 0x8903:  // FIOGETOWN
    case 0x8904:  // SIOCGPGRP
      if (!file->as_socket()) return fail(errc::not_terminal);
      TRY(memory::write_program(reinterpret_cast<void*>(argument), number_of(io_owner_of(*file))));
      return i64{0};
    default:
      return file->control(request, argument);
  }
}

result<> sys_flock(int fd, int operation) {
  constexpr int shared = 1, exclusive_lock = 2, no_block = 4, unlock = 8;
  const ref<io::file> file = TRY(file_of(fd));
  const int wanted = operation & ~no_block;
  constexpr lock_range whole{0, INT64_MAX};
  if (wanted == unlock) return release_lock(*file, lock_kind::whole_file, whole);
  if (wanted != shared && wanted != exclusive_lock) return fail(errc::invalid);
  return acquire_lock(*file, lock_kind::whole_file, whole, wanted == exclusive_lock, !(operation & no_block));
}

}  // namespace osv::linux_abi
