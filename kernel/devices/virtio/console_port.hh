// One port of a virtio console: a byte stream each way.
#pragma once

#include <atomic>

#include "devices/console_port.hh"
#include "devices/virtio/device.hh"
#include "lock/spin_lock.hh"
#include "sync/mutex.hh"

namespace osv::devices::virtio {

class port final : public console_port {
 public:
  explicit port(transport& t) : transport_(t) {}
  result<> create_queues(u16 receive, u16 transmit, u64 features, u16 interrupt);

  std::string_view name() const override { return {name_, name_length_}; }
  result<usize> read(io::cursor& into, bool wait) override;
  result<usize> write(io::cursor& from, bool wait) override;
  u32 poll() override;
  sync::wait_queue& queue() override { return changed_; }

  // --- for the console that the port belongs to ---
  /// Takes the memory without which nothing could be written; before the port is registered.
  result<> prepare();
  void set_name(std::string_view name);
  void set_announced() { announced_.store(true, std::memory_order_release); }
  bool announced() const { return announced_.load(std::memory_order_acquire); }
  /// The host opened or closed its end. Closing is the end of file for what comes from there.
  void on_host_open(bool open);
  void on_interrupt();
  /// Waits until the host has taken everything; false at the deadline.
  bool drain(nanoseconds deadline);

 private:
  static constexpr u16 receive_buffers = 8, transmit_buffers = 8;
  static constexpr u32 buffer_size = page_size;

  struct receive_buffer {
    u8* bytes = nullptr;
    u32 begin = 0, end = 0;
  };
  struct transmit_buffer {
    u8* bytes = nullptr;
    bool busy = false;
  };

  bool readable_locked() const { return ready_count_ > 0 || end_of_file_ || failed_; }
  transmit_buffer* idle_buffer_locked();
  bool reap_locked();
  void post_locked(receive_buffer& b);
  void fill_locked();

  transport& transport_;
  char name_[64] = {};
  usize name_length_ = 0;
  std::atomic<bool> announced_{false};

  lock::irq_spin_lock lock_{lock::rank::block_device};
  unique<virtio::queue> receive_;
  unique<virtio::queue> transmit_;
  bool filled_ = false;
  receive_buffer in_[receive_buffers];
  receive_buffer* ready_[receive_buffers] = {};  // filled, in order
  u16 ready_count_ = 0;
  transmit_buffer out_[transmit_buffers];
  bool host_open_ = false;
  bool end_of_file_ = false;
  bool failed_ = false;
  // One reader and one writer at a time; bytes of two writers do not mix within one write.
  sync::mutex reading_;
  sync::mutex writing_;
  sync::wait_queue changed_;
};

}  // namespace osv::devices::virtio
