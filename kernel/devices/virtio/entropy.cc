// virtio-rng (virtio 1.2, 5.4): one queue; the device fills what it is given.
#include "devices/entropy.hh"

#include <atomic>

#include "devices/virtio/device.hh"
#include "lock/spin_lock.hh"
#include "log/log.hh"
#include "memory/frames.hh"
#include "sync/random.hh"
#include "sync/wait_queue.hh"

namespace osv::devices {
namespace virtio {
namespace {

constexpr u32 request_bytes = 64;

class entropy : pinned {
 public:
  explicit entropy(unique<transport> t) : transport_(std::move(t)) {}

  result<> start() {
    const u64 features = TRY(negotiate(*transport_, 0));
    bytes_ = new (std::nothrow) u8[request_bytes];
    if (!bytes_) return fail(errc::no_memory);
    const u16 interrupt = TRY(transport_->attach_interrupt(0, [this] { on_interrupt(); }));
    queue_ = TRY(queue::create(*transport_, 0, 4, features, interrupt));
    set_ready(*transport_);
    // Asked for at once, so that the answer is there when boot wants it.
    request();
    return {};
  }

  bool collect(nanoseconds deadline) {
    request();
    if (answered_.wait([this] { return received_.load(std::memory_order_acquire) != 0; }, deadline, false) != sync::wait_result::ready) return false;
    const u32 n = received_.exchange(0, std::memory_order_acq_rel);
    if (n == failed) return false;
    // The host is trusted for half a bit a bit; it has the last word over this machine in any case.
    sync::add_entropy(bytes_, n, n * 4);
    __builtin_memset(bytes_, 0, request_bytes);
    return n > 0;
  }

 private:
  static constexpr u32 failed = ~0u;

  void request() {
    lock::guard guard(lock_);
    if (in_flight_ || received_.load(std::memory_order_relaxed)) return;
    const segment s{to_u64(memory::to_physical(bytes_)), request_bytes};
    in_flight_ = queue_->ring().add({}, {&s, 1}, this);
    queue_->flush();
  }
  void on_interrupt() {
    {
      lock::guard guard(lock_);
      split_ring::completion c;
      if (queue_->ring().take(c)) {
        in_flight_ = false;
        received_.store(c.written, std::memory_order_release);
      } else if (queue_->ring().broken()) {
        give_up(*transport_, queue_->ring().why());
        received_.store(failed, std::memory_order_release);
      }
    }
    answered_.wake();
  }

  unique<transport> transport_;
  unique<queue> queue_;
  lock::irq_spin_lock lock_{lock::rank::leaf};
  u8* bytes_ = nullptr;
  bool in_flight_ = false;
  std::atomic<u32> received_{0};
  sync::wait_queue answered_;
};

constinit std::atomic<entropy*> source{nullptr};

}  // namespace

result<> start_entropy_device(unique<transport> t) {
  entropy* e = new (std::nothrow) entropy(std::move(t));
  if (!e) return fail(errc::no_memory);
  TRY(e->start());
  entropy* none = nullptr;
  source.compare_exchange_strong(none, e);  // one source is enough
  return {};
}

}  // namespace virtio

bool collect_entropy(nanoseconds deadline) {
  virtio::entropy* e = virtio::source.load();
  return e && e->collect(deadline);
}

}  // namespace osv::devices
