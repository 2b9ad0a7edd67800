// What nearly every system-call handler does first: descriptors, paths, directories and vectors out of its arguments.
#pragma once

#include "io/cursor.hh"
#include "io/file.hh"
#include "linux/gate.hh"
#include "linux/process.hh"
#include "linux/task.hh"
#include "memory/user_copy.hh"
#include "vfs/vfs.hh"

namespace osv::linux_abi {

constexpr int at_current_directory = -100;  // AT_FDCWD
/// Most bytes that one read or write transfers (MAX_RW_COUNT, read(2)).
constexpr usize transfer_max = 0x7ffff000;
constexpr usize vectors_max = 1024;  // UIO_MAXIOV

inline result<ref<io::file>> file_of(int fd) { return current_process().files.get(fd); }

/// The same for the length of a call only, and cheaper. Not for what closes descriptors or keeps the file.
inline held_file held_file_of(int fd) {
  process& owner = static_cast<task*>(sched::current().program_data)->owner;
  return owner.files.hold(fd, owner.last_thread_id.load(std::memory_order_relaxed) == 1);
}

/// memory::is_program_range without a call, for the hot paths.
inline bool in_program(const void* base, usize size) {
  const u64 begin = reinterpret_cast<u64>(base);
  return size <= memory::program_address_end && begin <= memory::program_address_end - size;
}

/// ENAMETOOLONG, EFAULT.
inline result<string> path_from(const char* path) { return memory::copy_string_from_program(path, vfs::path_max); }

/// Where `path` starts when `directory` is the descriptor argument of an *at call. EBADF only if it is needed.
inline result<vfs::lookup_base> base_of(int directory, string_view path) {
  if (!path.empty() && path[0] == '/') return vfs::lookup_base();
  if (directory == at_current_directory) return current_process().working_directory.base();
  const ref<io::file> file = TRY(file_of(directory));
  return vfs::lookup_base::of(*file);
}

/// A path argument with the place it starts from.
struct path_argument {
  string path;
  vfs::lookup_base base;
  static result<path_argument> from(int directory, const char* path) {
    string text = TRY(path_from(path));
    vfs::lookup_base base = TRY(base_of(directory, text));
    return path_argument{std::move(text), std::move(base)};
  }
};

/// iovec arguments, copied and checked; few of them live on the stack.
class vector_argument : pinned {
 public:
  /// EINVAL: too many or too long; EFAULT: not the program's memory.
  result<> load(const io::io_vector* from, usize count) {
    if (count > vectors_max) return fail(errc::invalid);
    io::io_vector* into = few_;
    if (count > few) {
      many_ = TRY(buffer<io::io_vector>::create(count));
      into = many_.data();
    }
    TRY(memory::copy_from_program(into, from, count * sizeof(io::io_vector)));
    usize total = 0;
    for (usize i = 0; i < count; ++i) {
      if (static_cast<isize>(into[i].length) < 0) return fail(errc::invalid);
      if (!in_program(into[i].base, into[i].length)) return fail(errc::fault);
      total += into[i].length;
      if (static_cast<isize>(total) < 0) return fail(errc::invalid);
    }
    vectors_ = into;
    count_ = count;
    return {};
  }
  io::cursor cursor() const {
    io::cursor c(vectors_, count_);
    c.truncate(transfer_max);
    return c;
  }

 private:
  static constexpr usize few = 8;
  io::io_vector few_[few];
  buffer<io::io_vector> many_;
  const io::io_vector* vectors_ = nullptr;
  usize count_ = 0;
};

/// struct timespec (time(7)).
struct linux_timespec {
  i64 seconds;
  i64 nanoseconds;
  bool valid() const { return seconds >= 0 && nanoseconds >= 0 && nanoseconds < second; }
  /// Nanoseconds, saturated.
  osv::nanoseconds total() const {
    constexpr i64 seconds_max = never / second - 1;
    return seconds > seconds_max ? never - 1 : seconds * second + nanoseconds;
  }
  static linux_timespec of(osv::nanoseconds value) { return {value / second, value % second}; }
};

/// struct timeval.
struct linux_timeval {
  i64 seconds;
  i64 microseconds;
  bool valid() const { return seconds >= 0 && microseconds >= 0 && microseconds < 1000000; }
  osv::nanoseconds total() const { return linux_timespec{seconds, microseconds * microsecond}.total(); }
  static linux_timeval of(osv::nanoseconds value) { return {value / second, value % second / microsecond}; }
};

/// `duration` from now on the monotonic clock; never stays never.
inline nanoseconds deadline_after(nanoseconds duration) {
  const nanoseconds now = sched::now();
  return duration >= never - now ? never : now + duration;
}

/// Tells the calling thread that it wrote to something that nobody reads (SIGPIPE), unless `quiet`; passes `r` on.
void broken_pipe_signal();
inline result<usize> with_broken_pipe_signal(result<usize> r, bool quiet = false) {
  if (!r.ok() && r.error() == errc::broken_pipe && !quiet) [[unlikely]]
    broken_pipe_signal();
  return r;
}

}  // namespace osv::linux_abi
