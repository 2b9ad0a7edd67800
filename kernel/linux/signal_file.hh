// signalfd(2): reads the blocked signals of the reading thread and of the process.
#pragma once

#include "io/file.hh"
#include "linux/signal.hh"

namespace osv::linux_abi {

class signal_file final : public io::file {
 public:
  static constexpr char file_kind = 0;

  signal_file(process& owner, signal_set mask, u32 flags);

  void set_mask(signal_set mask);
  result<usize> read(io::cursor& into) override;
  result<> stat(io::file_status& status) override;
  u32 poll() override;
  sync::wait_queue* poll_queue() override;
  std::string_view name() const override { return "anon_inode:[signalfd]"; }
  const void* kind() const override { return &file_kind; }

 private:
  process& owner_;
  std::atomic<signal_set> mask_;
};

}  // namespace osv::linux_abi
