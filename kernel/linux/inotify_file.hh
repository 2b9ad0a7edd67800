// inotify(7): an instance is a file that the events of its watches are read from.
//
// Locks: vfs/watches.hh's watches_lock, which is held in deliver(), then the queue's spin lock. Readers take the latter alone.
#pragma once

#include "io/file.hh"
#include "vfs/watches.hh"

namespace osv::linux_abi {

class inotify_file final : public io::file, public vfs::watch_group {
 public:
  static constexpr char file_kind = 0;
  /// /proc/sys/fs/inotify/max_user_instances and max_queued_events.
  static constexpr u32 instances_max = 128, queue_max = 16384;

  /// `flags`: O_NONBLOCK. EMFILE beyond instances_max, ENOMEM.
  static result<ref<io::file>> create(u32 flags);
  /// Use create().
  explicit inotify_file(u32 flags) : io::file(io::open_flag::read_only | flags) {}
  ~inotify_file() override;

  /// EINVAL when the first event does not fit.
  result<usize> read(io::cursor& into) override;
  result<> stat(io::file_status& status) override;
  /// There is no position, and lseek(2) says so by doing nothing.
  result<u64> seek(i64, int) override { return 0; }
  /// FIONREAD: bytes that all events take.
  result<i64> control(u32 request, u64 argument) override;
  u32 poll() override { return queued_.load(std::memory_order_acquire) ? io::poll_event::in : 0; }
  sync::wait_queue* poll_queue() override { return &readers_; }
  std::string_view name() const override { return "anon_inode:inotify"; }
  const void* kind() const override { return &file_kind; }

 private:
  struct event {
    list_hook hook;
    i32 watch = 0;
    u32 events = 0, cookie = 0;
    string name;
    /// Bytes in the reader's buffer.
    usize size() const;
  };

  void deliver(i32 number, u32 events, u32 cookie, string_view name) override;
  /// The queue is full, or the event is what the last one was.
  bool refuses(i32 number, u32 events, string_view name);  // lock_ held
  void push(event& e);                                     // lock_ held
  void overflow();                                         // lock_ held
  result<event*> take(usize room);

  lock::spin_lock lock_{lock::rank::leaf};
  osv::list<event, &event::hook> queue_;
  std::atomic<u32> queued_{0};
  usize bytes_ = 0;
  event overflow_;  // in the queue once, or not
  sync::wait_queue readers_;
};

}  // namespace osv::linux_abi
