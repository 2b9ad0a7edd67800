// eventfd(2): a counter that threads add to and take from.
#pragma once

#include "io/file.hh"

namespace osv::linux_abi {

class event_file final : public io::file {
 public:
  static constexpr u64 value_max = ~0ull - 1;

  event_file(u64 value, bool semaphore, u32 flags)
      : io::file(io::open_flag::read_write | flags), value_(value), semaphore_(semaphore) {}

  result<usize> read(io::cursor& into) override;
  result<usize> write(io::cursor& from) override;
  result<> stat(io::file_status& status) override;
  u32 poll() override;
  sync::wait_queue* poll_queue() override { return &queue_; }
  std::string_view name() const override { return "anon_inode:[eventfd]"; }
  u64 value() const { return value_.load(std::memory_order_relaxed); }

 private:
  bool try_take(u64& taken);
  bool try_add(u64 amount);

  std::atomic<u64> value_;
  const bool semaphore_;
  sync::wait_queue queue_;
};

}  // namespace osv::linux_abi
