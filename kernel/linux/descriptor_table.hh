// File descriptors of the process. Look-ups take no lock: a reader marks its CPU, reads the slot and takes a reference;
// whoever empties a slot waits for the marks to go before it drops the slot's reference.
#pragma once

#include "base/memory.hh"
#include "base/vector.hh"
#include "io/file.hh"
#include "sync/mutex.hh"

namespace osv::linux_abi {

/// A file for the length of one system call; may or may not hold a reference of its own.
class held_file {
 public:
  held_file(io::file* file, bool owned) : file_(file), owned_(owned) {}
  held_file(held_file&& other) noexcept : file_(other.file_), owned_(std::exchange(other.owned_, false)) {}
  held_file& operator=(held_file&&) = delete;
  ~held_file() {
    if (owned_) file_->release();
  }
  explicit operator bool() const { return file_ != nullptr; }
  io::file* operator->() const { return file_; }
  io::file& operator*() const { return *file_; }
  /// A reference that outlives the call.
  ref<io::file> share() const { return ref<io::file>(file_); }

 private:
  io::file* file_;
  bool owned_;
};

class descriptor_table : pinned {
 public:
  static constexpr unsigned descriptors_max = 1u << 20;  // /proc/sys/fs/nr_open

  descriptor_table() = default;
  ~descriptor_table();

  /// The file behind `fd` with a reference of its own, or nullptr.
  ref<io::file> find(int fd);
  /// The same, EBADF in the place of nullptr. O_PATH descriptors are returned too.
  result<ref<io::file>> get(int fd);

  /// The file behind `fd`, or none, for the length of a system call. `alone`: the process has had one thread only, so nobody can
  /// close the descriptor meanwhile and no reference is taken.
  held_file hold(int fd, bool alone) {
    if (!alone) {
      io::file* file = find(fd).leak();
      return {file, file != nullptr};
    }
    const slots* table = slots_.load(std::memory_order_relaxed);
    if (!table || static_cast<unsigned>(fd) >= table->capacity) return {nullptr, false};
    return {table->files[fd].load(std::memory_order_relaxed), false};
  }

  /// Puts `file` in the lowest free descriptor that is at least `lowest`. EMFILE at the limit, ENOMEM.
  result<int> install(ref<io::file> file, bool close_on_exec, int lowest = 0);
  /// dup2(2): puts `file` at `fd`, closing what was there. EBADF beyond the limit.
  result<> replace(int fd, ref<io::file> file, bool close_on_exec);
  /// EBADF if it is not open.
  result<> close(int fd);
  /// close_range(2) over the open ones of [first, last].
  void close_range(unsigned first, unsigned last);
  /// close_range(2) with CLOSE_RANGE_CLOEXEC.
  void mark_close_on_exec(unsigned first, unsigned last);
  /// execve(2): closes what is marked.
  void close_marked();
  void close_all() { close_range(0, descriptors_max); }

  result<bool> close_on_exec(int fd);
  result<> set_close_on_exec(int fd, bool value);

  /// RLIMIT_NOFILE's soft value.
  void set_limit(u64 limit);
  u64 limit() const { return limit_.load(std::memory_order_relaxed); }
  /// Open descriptors; for statistics.
  unsigned count() const { return count_.load(std::memory_order_relaxed); }
  /// The lowest open descriptor that is at least `from`, or -1. For /proc/self/fd.
  int next_open(int from);

 private:
  struct slots {
    unsigned capacity;
    std::atomic<io::file*> files[];
  };
  static slots* allocate(unsigned capacity);
  result<> grow_for(unsigned fd);             // writer_ held
  int lowest_free(unsigned lowest) const;     // writer_ held; may be the capacity
  io::file* take(unsigned fd);                // writer_ held
  void put(unsigned fd, io::file* file, bool close_on_exec);  // writer_ held

  sync::mutex writer_;
  std::atomic<slots*> slots_{nullptr};
  vector<u64> used_;           // one bit a descriptor
  vector<u64> close_on_exec_;  // one bit a descriptor
  unsigned first_free_hint_ = 0;  // no free descriptor below it
  std::atomic<u64> limit_{1024};
  std::atomic<unsigned> count_{0};
};

/// Counts one more descriptor (or one in flight) that refers to `file`.
inline void descriptor_opened(io::file& file) { file.descriptors.fetch_add(1, std::memory_order_seq_cst); }
/// Counts one less; the last one ends the file's epoll registrations and calls closed(). The caller holds a reference.
void descriptor_closed(io::file& file);
/// Called for the last one if the file has io_signals; set by linux/signal_driven_io before any file has.
extern void (*forget_io_signals)(io::file& file);

}  // namespace osv::linux_abi
