// timerfd_create(2). A periodic timer is armed for one expiry at a time: the periods that passed since are counted when the
// file is read, so that a short period costs nothing while nobody reads.
#pragma once

#include "io/file.hh"
#include "sched/timer.hh"

namespace osv::linux_abi {

class timer_file final : public io::file {
 public:
  static constexpr char file_kind = 0;

  /// Time to the next expiry (0: disarmed) and the period (0: once), in nanoseconds.
  struct setting {
    nanoseconds value, interval;
  };

  timer_file(bool realtime, u32 flags);

  /// `absolute`: `value` is a time of the file's clock. Returns the old setting.
  setting set(setting wanted, bool absolute);
  setting get();

  result<usize> read(io::cursor& into) override;
  result<> stat(io::file_status& status) override;
  u32 poll() override { return expired_.load(std::memory_order_acquire) ? io::poll_event::in : 0; }
  sync::wait_queue* poll_queue() override { return &queue_; }
  std::string_view name() const override { return "anon_inode:[timerfd]"; }
  const void* kind() const override { return &file_kind; }

 private:
  setting remaining();    // mutex_ held
  bool try_take(u64& expirations);

  const bool realtime_;
  sync::mutex mutex_;
  nanoseconds next_ = 0;      // monotonic time of the next expiry that was not counted; 0: disarmed
  nanoseconds interval_ = 0;
  std::atomic<bool> expired_{false};  // set by the interrupt
  sync::wait_queue queue_;
  sched::timer timer_;
};

}  // namespace osv::linux_abi
