// The open file description (open(2)): what a file descriptor refers to. Files, pipes, sockets, eventfds derive from it.
#pragma once

#include <atomic>

#include "base/memory.hh"
#include "io/cursor.hh"
#include "io/stat.hh"
#include "memory/backing.hh"
#include "sync/mutex.hh"
#include "sync/wait_queue.hh"

namespace osv::vfs {
class open_file;
class pipe_buffer;
}  // namespace osv::vfs

namespace osv::io {

/// poll(2) and epoll(7) share these bits.
namespace poll_event {
constexpr u32 in = 0x001, priority = 0x002, out = 0x004, error = 0x008, hang_up = 0x010, invalid = 0x020;
constexpr u32 read_hang_up = 0x2000;
}  // namespace poll_event

/// open(2) flags, x86-64 values (asm-generic/fcntl.h).
namespace open_flag {
constexpr u32 access_mask = 3, read_only = 0, write_only = 1, read_write = 2;
constexpr u32 create = 0100, exclusive = 0200, no_controlling_terminal = 0400, truncate = 01000, append = 02000;
constexpr u32 non_blocking = 04000, data_sync = 010000, async = 020000, direct = 040000, large_file = 0100000;
constexpr u32 directory = 0200000, no_follow = 0400000, no_access_time = 01000000, close_on_exec = 02000000;
constexpr u32 sync = 04010000, path = 010000000, temporary_file = 020200000;
}  // namespace open_flag

/// Receives one directory entry; returns false when it has no room left. `type` is a DT_* value, `next` the offset of the next entry.
using directory_sink = function_ref<bool(std::string_view name, u64 inode, u8 type, u64 next)>;

class socket_file;

class file : public ref_counted<file> {
 public:
  explicit file(u32 flags) : flags_(flags) {}
  virtual ~file() = default;

  u32 flags() const { return flags_.load(std::memory_order_relaxed); }
  bool non_blocking() const { return flags() & open_flag::non_blocking; }
  bool readable() const { return (flags() & open_flag::access_mask) != open_flag::write_only; }
  bool writable() const { return (flags() & open_flag::access_mask) != open_flag::read_only; }
  /// fcntl(F_SETFL): only O_APPEND, O_NONBLOCK, O_DIRECT, O_NOATIME, O_ASYNC change.
  void set_flags(u32 flags) {
    constexpr u32 changeable = open_flag::append | open_flag::non_blocking | open_flag::direct | open_flag::async | open_flag::no_access_time;
    flags_.store((this->flags() & ~changeable) | (flags & changeable), std::memory_order_relaxed);
  }

  /// Sequential transfer at the file's own position (if it has one). May block unless non_blocking().
  virtual result<usize> read(cursor&) { return fail(errc::invalid); }
  virtual result<usize> write(cursor&) { return fail(errc::invalid); }
  /// Positioned transfer; ESPIPE for what cannot seek.
  virtual result<usize> read_at(cursor&, u64) { return fail(errc::illegal_seek); }
  virtual result<usize> write_at(cursor&, u64) { return fail(errc::illegal_seek); }
  /// At the end of the file, whatever its flags (RWF_APPEND); with `moves` its position is behind these bytes then.
  virtual result<usize> append(cursor& from, bool moves) { return moves ? write(from) : write_at(from, 0); }
  virtual result<u64> seek(i64, int) { return fail(errc::illegal_seek); }
  virtual result<> stat(file_status&) { return fail(errc::bad_file); }
  virtual result<> truncate(u64) { return fail(errc::invalid); }
  virtual result<> sync(bool) { return fail(errc::invalid); }
  virtual result<> allocate(int, u64, u64) { return fail(errc::no_device); }
  /// ioctl(2). ENOTTY for unknown requests.
  virtual result<i64> control(u32, u64) { return fail(errc::not_terminal); }
  /// Directory entries from the file's position on; advances it.
  virtual result<> list(directory_sink) { return fail(errc::not_directory); }
  /// What mmap(2) of this file maps. ENODEV if it cannot be mapped.
  virtual result<ref<memory::backing>> map(bool, bool) { return fail(errc::no_device); }

  /// Present readiness (poll_event bits).
  virtual u32 poll() { return poll_event::in | poll_event::out; }
  /// The queue that is woken (with poll_event bits as key) whenever readiness may have changed; nullptr: always ready,
  /// epoll_ctl answers EPERM.
  virtual sync::wait_queue* poll_queue() { return nullptr; }

  virtual socket_file* as_socket() { return nullptr; }
  /// For vfs/, which defines both: a file that was opened by path, and either end of a pipe.
  virtual vfs::open_file* as_open_file() { return nullptr; }
  virtual vfs::pipe_buffer* as_pipe() { return nullptr; }
  /// Called when the last descriptor (not the last reference) is closed: sockets shut down, locks drop.
  virtual void closed() {}
  /// For /proc/self/fd and diagnostics, for example "/etc/hosts", "socket:[7]", "pipe:[9]".
  virtual std::string_view name() const { return "anonymous"; }
  /// Identifies a class without RTTI: the address of one of its static members. For `downcast` below.
  virtual const void* kind() const { return nullptr; }

  /// Descriptors and descriptors in flight (SCM_RIGHTS) that refer to this description; kept by linux/descriptor_table.
  std::atomic<u32> descriptors{0};
  /// First epoll registration of this description; kept by linux/epoll.
  void* epoll_registrations = nullptr;
  /// Who hears of readiness by a signal; kept by linux/signal_driven_io.
  void* io_signals = nullptr;

 private:
  std::atomic<u32> flags_;
};

/// `f` as a T, or nullptr if it is something else. T has a static member `file_kind` whose address its kind() returns.
template <typename T>
T* downcast(file& f) {
  return f.kind() == &T::file_kind ? static_cast<T*>(&f) : nullptr;
}

}  // namespace osv::io
